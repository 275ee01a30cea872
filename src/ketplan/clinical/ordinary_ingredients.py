"""Ordinary drugs that no interaction rule names: known, so that a prescription of one is not unmapped.

Rows, tags and sources are those of `ingredient_table`.
"""

ORDINARY = """
# pain, fever, inflammation
Q 161 acetaminophen: Tylenol, paracetamol, Panadol, Calpol, APAP, Ofirmev
Q 1191 aspirin: acetylsalicylic acid, ASA, Ecotrin, Bayer
R 5640 ibuprofen: Advil, Motrin, Nurofen, Brufen
R 7258 naproxen: naproxen sodium, Aleve, Naprosyn, Anaprox, Naprosyn EC
R 3355 diclofenac: diclofenac sodium, Voltaren, Voltarol, Cataflam
R 41493 meloxicam: Mobic
R 140587 celecoxib: Celebrex
R 5781 indomethacin: indometacin, Indocin
R 2683 colchicine: Colcrys, Mitigare
Q 519 allopurinol: Zyloprim, Zyloric
R 73689 febuxostat: Uloric, Adenuric
R 1292 baclofen: Lioresal
R 21949 cyclobenzaprine: Flexeril, Amrix
R 6845 methocarbamol: Robaxin
R 57258 tizanidine: Zanaflex
R 37418 sumatriptan: Imitrex, Imigran
R 88014 rizatriptan: Maxalt
R 2282307 rimegepant: Nurtec
R 6387 lidocaine: lignocaine, Xylocaine, Lidoderm
R 1886 caffeine
R 8120 phenazopyridine: Pyridium

# heart, vessels, blood
R 29046 lisinopril: Zestril, Prinivil
R 3827 enalapril: Vasotec
R 35296 ramipril: Altace, Tritace
R 1998 captopril: Capoten
R 18867 benazepril: Lotensin
R 54552 perindopril: perindopril arginine, perindopril erbumine, Coversyl, Aceon
R 52175 losartan: Cozaar
R 69749 valsartan: Diovan
R 83818 irbesartan: Avapro, Aprovel
R 214354 candesartan: candesartan cilexetil, Atacand, Amias
R 321064 olmesartan: Benicar, Olmetec
R 73494 telmisartan: Micardis
R 1656328 sacubitril
Q 17767 amlodipine: Norvasc, Istin
R 7417 nifedipine: Procardia, Adalat
R 3443 diltiazem: Cardizem, Tiazac
R 11170 verapamil: Calan, Verelan, Isoptin
R 6918 metoprolol: Lopressor, Toprol, Betaloc
Q 1202 atenolol: Tenormin
R 19484 bisoprolol: Zebeta, Cardicor
R 20352 carvedilol: Coreg
R 8787 propranolol: Inderal, Hemangeol
R 6185 labetalol: Trandate
R 10600 timolol: Timoptic
R 5487 hydrochlorothiazide: HCTZ, HCT, Microzide
R 2409 chlorthalidone: chlortalidone, Thalitone
R 5764 indapamide: Lozol, Natrilix
U - bendroflumethiazide: bendrofluazide
R 4603 furosemide: frusemide, Lasix
R 38413 torsemide: torasemide, Demadex
R 1808 bumetanide: Bumex
R 9997 spironolactone: Aldactone
R 10763 triamterene: Dyrenium
Q 167 acetazolamide: Diamox
R 2599 clonidine: Catapres, Kapvay
R 40114 guanfacine: Tenex, Intuniv
R 5470 hydralazine: Apresoline
R 49276 doxazosin: Cardura
R 8629 prazosin: Minipress
R 3407 digoxin: Lanoxin
Q 703 amiodarone: Pacerone, Cordarone
R 4917 nitroglycerin: glyceryl trinitrate, GTN, Nitrostat, Nitrolingual
R 6058 isosorbide dinitrate: Isordil
R 6057 isosorbide: isosorbide mononitrate=28004, Imdur, Ismo
R 3992 epinephrine: adrenaline, EpiPen, Auvi Q
Q 83367 atorvastatin: atorvastatin calcium, Lipitor
R 301542 rosuvastatin: rosuvastatin calcium, Crestor
R 36567 simvastatin: Simvistatin, Zocor
R 42463 pravastatin: Pravachol
R 6472 lovastatin: Mevacor
R 41127 fluvastatin: Lescol
R 341248 ezetimibe: Zetia, Ezetrol
R 8703 fenofibrate: Tricor, Lipantil
R 4719 gemfibrozil: Lopid
R 1665684 evolocumab: Repatha
R 1304974 icosapent ethyl: Vascepa
R 484348 omega-3 acid ethyl esters (USP): omega 3 acid ethyl esters, omega 3 fatty acids, omega 3, fish oil
R 7393 niacin: nicotinic acid, Niaspan
R 2447 cholestyramine resin: cholestyramine, colestyramine, Questran
R 11289 warfarin: Coumadin, Jantoven
Q 1364430 apixaban: Eliquis
R 1114195 rivaroxaban: Xarelto
R 1037042 dabigatran etexilate: dabigatran, Pradaxa
R 1599538 edoxaban: Savaysa, Lixiana
R 5224 heparin
R 67108 enoxaparin: Lovenox, Clexane
R 1116632 ticagrelor: Brilinta, Brilique
R 613391 prasugrel: Effient, Efient
Q 8410 alteplase: Activase
R 10691 tranexamic acid: Lysteda, Cyklokapron
R 105694 epoetin alfa: Epogen, Procrit
R 136411 sildenafil: Viagra, Revatio
R 358263 tadalafil: Cialis

# hormones and metabolism
R 6809 metformin: Glucophage, Glumetza
R 4821 glipizide: Glucotrol
R 4815 glyburide: glibenclamide, Diabeta
R 25789 glimepiride: Amaryl
U 4816 gliclazide: Diamicron
R 33738 pioglitazone: Actos
R 593411 sitagliptin: Januvia
R 857974 saxagliptin: Onglyza
R 1100699 linagliptin: Tradjenta, Trajenta
R 1545653 empagliflozin: Jardiance
R 1488564 dapagliflozin: Farxiga, Forxiga
R 1373458 canagliflozin: Invokana
R 1991302 semaglutide: Ozempic, Wegovy, Rybelsus
R 475968 liraglutide: Victoza, Saxenda
R 1551291 dulaglutide: Trulicity
R 60548 exenatide: Byetta, Bydureon
R 2601723 tirzepatide: Mounjaro, Zepbound
R 253182 insulin, regular, human: regular insulin human, insulin regular, regular insulin, Humulin, Novolin R
R 1605101 insulin isophane: insulin human isophane, insulin isophane human, insulin NPH, Humulin N, Novolin N
U - insulin: insulin human, human insulin
R 274783 insulin glargine: Lantus, Basaglar, Toujeo, Semglee, Abasaglar
R 86009 insulin lispro: insulin lispro human, Humalog, Admelog
R 51428 insulin aspart: insulin aspart human, Novolog, NovoRapid, Fiasp
R 139825 insulin detemir: Levemir
R 1670007 insulin degludec: Tresiba
R 4832 glucagon: Baqsimi, GlucaGen
R 10582 levothyroxine: thyroxine, Synthroid, Levoxyl, Unithroid, Euthyrox, Eltroxin
R 10814 liothyronine: Cytomel
R 10572 thyroid (USP): Armour thyroid, NP thyroid, thyroid
R 6835 methimazole: thiamazole, Tapazole
Q 2020 carbimazole
R 8794 propylthiouracil
R 8640 prednisone: Deltasone, Rayos
R 8638 prednisolone: Orapred, Pred Forte
R 6902 methylprednisolone: Medrol, Solu Medrol
R 3264 dexamethasone: Decadron
R 5492 hydrocortisone: Cortef, Cortaid
R 4452 fludrocortisone: Florinef
R 1514 betamethasone: Diprolene, Betnovate
R 10759 triamcinolone: Kenalog, Nasacort
R 108118 mometasone: Nasonex, Elocon
R 19831 budesonide: Pulmicort, Rhinocort, Entocort
R 1347 beclomethasone: beclometasone, Qvar
R 41126 fluticasone: Flonase, Flovent, Flixonase, Arnuity
Q 46041 alendronate: alendronic acid, Fosamax
R 115264 ibandronate: ibandronic acid, Boniva
R 993449 denosumab: Prolia, Xgeva
R 72143 raloxifene: Evista
R 3251 desmopressin: DDAVP
R 4083 estradiol: oestradiol, Estrace, Vivelle, Climara
R 4099 estrogens, conjugated (USP): conjugated estrogens, estrogens conjugated, Premarin
R 8727 progesterone: Prometrium, Utrogestan
R 6691 medroxyprogesterone: Provera, Depo Provera
R 7514 norethindrone: norethisterone, Camila, Errin, Jolivette, Aygestin, Heather, Nora BE
R 6373 levonorgestrel: Mirena, Liletta, Kyleena, Skyla, Plan B, Jaydess
R 14584 etonogestrel: Nexplanon, Implanon
R 22656 desogestrel: Cerazette, Cerelle
R 11636 drospirenone: Slynd
R 31994 norgestimate
R 326374 norelgestromin
R 4124 ethinyl estradiol: ethinylestradiol
R 22968 dienogest
R 25025 finasteride: Proscar, Propecia
R 228790 dutasteride: Avodart
R 77492 tamsulosin: Flomax
Q 17300 alfuzosin: Uroxatral
R 32675 oxybutynin: Ditropan
R 119565 tolterodine: Detrol
R 322167 solifenacin: Vesicare
R 1300786 mirabegron: Myrbetriq, Betmiga

# breathing and allergy
Q 435 albuterol: salbutamol, Ventolin, ProAir, Proventil
R 36117 salmeterol: salmeterol xinafoate, Serevent
R 25255 formoterol: Foradil
R 1424884 vilanterol
R 7213 ipratropium: Atrovent
R 69120 tiotropium: Spiriva
R 1487514 umeclidinium: Incruse
R 1546438 glycopyrronium: glycopyrrolate=4955, Robinul
R 88249 montelukast: Singulair
R 1876376 dupilumab: Dupixent
R 20610 cetirizine: Zyrtec
R 356887 levocetirizine: Xyzal
R 28889 loratadine: Claritin, Clarityn
R 87636 fexofenadine: Allegra, Telfast
R 3498 diphenhydramine: Benadryl
R 3642 doxylamine: Unisom
R 2400 chlorpheniramine: chlorphenamine, Piriton
R 6146 ketotifen: Zaditor, Zaditen, Claritin Eye
R 8745 promethazine: Phenergan
R 3013 cyproheptadine: Periactin
R 2578 clemastine: Tavist
U - astemizole: Hismanal
R 6676 meclizine: meclozine, Antivert, Bonine
Q 18603 azelastine: Astelin
R 8896 pseudoephedrine: Sudafed
R 8163 phenylephrine
R 7812 oxymetazoline: Afrin
R 5032 guaifenesin: Mucinex, Robitussin
R 3289 dextromethorphan: Delsym
R 18993 benzonatate: Tessalon
U 197 acetylcysteine: Mucomyst

# stomach and bowel
R 7646 omeprazole: omeprazole magnesium, Prilosec, Losec
R 283742 esomeprazole: esomeprazole magnesium, esomeprazole strontium, Nexium
R 40790 pantoprazole: Protonix
R 17128 lansoprazole: Prevacid
R 114979 rabeprazole: Aciphex
R 816346 dexlansoprazole: Dexilant
R 4278 famotidine: Pepcid
R 9143 ranitidine: Zantac
R 10156 sucralfate: Carafate
R 42331 misoprostol: Cytotec
R 26225 ondansetron: Zofran
R 6915 metoclopramide: Reglan, Maxolon
R 8704 prochlorperazine: Compazine, Stemetil
R 153970 hyoscyamine: Levsin
R 3361 dicyclomine: dicycloverine, Bentyl
R 9601 scopolamine: hyoscine, Transderm Scop, Buscopan
R 6468 loperamide: Imodium
R 1897 calcium carbonate: Tums, Caltrate
R 221147 polyethylene glycol 3350: polyethylene glycol, macrogol, Miralax, PEG 3350
R 82003 docusate: docusate calcium, Colace
R 36387 sennosides, USP: sennosides, senna, Senokot
R 1596 bisacodyl: Dulcolax
R 6218 lactulose: Enulose
R 8928 psyllium: Metamucil
R 1307404 linaclotide: Linzess
R 52582 mesalamine: mesalazine, Asacol, Lialda, Pentasa
R 9524 sulfasalazine: sulphasalazine, Azulfidine, Salazopyrin

# infections
Q 723 amoxicillin: amoxycillin, Amoxil
R 48203 clavulanate: clavulanic acid, potassium clavulanate
R 7984 penicillin V: phenoxymethylpenicillin
R 7980 penicillin G: benzylpenicillin, Bicillin
U - flucloxacillin
R 2231 cephalexin: cefalexin, Keflex
R 2194 cefuroxime: Ceftin
R 25037 cefdinir: Omnicef
R 2193 ceftriaxone: Rocephin
Q 18631 azithromycin: Zithromax
R 4053 erythromycin: Ery Tab
R 3640 doxycycline: Vibramycin
R 6980 minocycline: Minocin
R 2582 clindamycin: Cleocin
R 2551 ciprofloxacin: Cipro
R 82122 levofloxacin: Levaquin
R 7454 nitrofurantoin: Macrobid, Macrodantin
R 10829 trimethoprim
R 10180 sulfamethoxazole
R 4550 fosfomycin: Monurol
R 6922 metronidazole: Flagyl
R 42372 mupirocin: Bactroban
R 4450 fluconazole: Diflucan
R 7597 nystatin
R 37801 terbinafine: Lamisil
R 2623 clotrimazole: Lotrimin
R 6932 miconazole: Monistat
Q 281 acyclovir: aciclovir, Zovirax
R 73645 valacyclovir: valaciclovir, Valtrex
R 260101 oseltamivir: Tamiflu
R 2587892 nirmatrelvir
R 300195 tenofovir disoproxil: tenofovir, Viread
R 1721603 tenofovir alafenamide: Vemlidy
R 276237 emtricitabine: Emtriva
R 68244 lamivudine: Epivir
Q 190521 abacavir: Ziagen
R 1433868 dolutegravir: Tivicay
R 1999660 bictegravir
R 195088 lopinavir
R 5521 hydroxychloroquine: Plaquenil
R 6069 ivermectin: Stromectol

# mind and brain
R 42347 bupropion: bupropion hydrobromide, Wellbutrin, Zyban
R 1455099 vortioxetine: Trintellix, Brintellix
R 1086769 vilazodone: Viibryd
R 1433212 levomilnacipran: Fetzima
R 588250 milnacipran: Savella
Q 704 amitriptyline: Elavil
R 7531 nortriptyline: Pamelor, Allegron
R 5691 imipramine: Tofranil
R 3247 desipramine: Norpramin
R 3638 doxepin: Silenor, Sinequan
U - dosulepin: dothiepin, Prothiaden
U - agomelatine: Valdoxan
U - reboxetine: Edronax
R 6448 lithium: lithium carbonate=42351, lithium citrate=52105, Lithobid, Priadel, Camcolit
R 40254 valproate: valproic acid, valproate sodium, sodium valproate, divalproex, Depakote, Depakene, Epilim
Q 89013 aripiprazole: aripiprazole lauroxil, Abilify, Aristada
R 1658314 brexpiprazole: Rexulti
R 1667655 cariprazine: Vraylar, Reagila
R 1040028 lurasidone: Latuda
R 61381 olanzapine: Zyprexa
R 115698 ziprasidone: Geodon
R 679314 paliperidone: Invega
U 784649 asenapine: Saphris, Sycrest
R 73178 iloperidone: Fanapt
R 2275602 lumateperone: Caplyta
R 1791685 pimavanserin: Nuplazid
U - amisulpride: Solian
U - sulpiride
R 2403 chlorpromazine: Thorazine, Largactil
R 4496 fluphenazine: Prolixin
R 8076 perphenazine: Trilafon
R 10800 trifluoperazine: Stelazine
R 10502 thioridazine: Mellaril
R 6475 loxapine: Loxitane
U - flupentixol: flupenthixol, Depixol
Q 114176 zuclopenthixol: Clopixol
R 1424 benztropine: benzatropine, Cogentin
R 10811 trihexyphenidyl: Artane
U - procyclidine: Kemadrin
R 1918219 valbenazine: Ingrezza
R 1876905 deutetrabenazine: Austedo
Q 38400 atomoxetine: Strattera
R 11196 viloxazine: Qelbree
R 6711 melatonin: Circadin
R 596205 ramelteon: Rozerem
R 114477 levetiracetam: Keppra
R 38404 topiramate: Topamax
R 623400 lacosamide: Vimpat
R 6375 levodopa
R 2019 carbidopa
R 746741 pramipexole: Mirapex
R 72302 ropinirole: Requip
Q 620 amantadine: Symmetrel
R 135447 donepezil: Aricept
R 6719 memantine: Namenda, Ebixa
R 4637 galantamine: Razadyne, Reminyl
R 183379 rivastigmine: Exelon
Q 82819 acamprosate: acamprosate calcium, Campral
R 3554 disulfiram: Antabuse
R 591622 varenicline: Chantix, Champix
R 7407 nicotine: NicoDerm, Nicorette
R 7242 naloxone: Narcan

# immune system and cancer
R 6851 methotrexate: Trexall
Q 1256 azathioprine: Imuran
R 68149 mycophenolate mofetil: mycophenolate, CellCept
R 42316 tacrolimus: Prograf
R 3008 cyclosporine: ciclosporin, cyclosporin, Neoral, Restasis
Q 327361 adalimumab: Humira
R 10324 tamoxifen: Nolvadex
U 84857 anastrozole: Arimidex
R 72965 letrozole: Femara
R 258494 exemestane: Aromasin
R 224905 trastuzumab: Herceptin
R 56946 paclitaxel: Taxol
R 72962 docetaxel: Taxotere
R 3639 doxorubicin: Adriamycin
R 3002 cyclophosphamide: Cytoxan
R 4492 fluorouracil: Adrucil
R 194000 capecitabine: Xeloda
R 6313 leucovorin: leucovorin calcium, folinic acid, calcium folinate
R 32592 oxaliplatin: Eloxatin
R 2555 cisplatin: Platinol
R 40048 carboplatin: Paraplatin
R 42375 leuprolide: leuprorelin, Lupron, Eligard, Prostap
R 83008 bicalutamide: Casodex

# vitamins, minerals, fluids, skin, eyes
R 4511 folic acid: Folvite
R 11248 vitamin B12: cyanocobalamin
R 10454 thiamine: vitamin B1
R 684879 pyridoxine: vitamin B6
Q 1151 ascorbic acid: vitamin C
R 2418 cholecalciferol: colecalciferol, vitamin D3, vitamin D
R 4018 ergocalciferol: vitamin D2, Drisdol
R 11256 vitamin E: tocopherol
U - multivitamin: multivitamins, multivitamin with minerals, prenatal vitamin, prenatal vitamins
R 24947 ferrous sulfate: iron, ferrous sulphate
U - calcium: calcium citrate, calcium gluconate, calcium acetate
R 6582 magnesium oxide: Mag Ox
U - magnesium: magnesium citrate, magnesium glycinate, magnesium sulfate
U - zinc: zinc sulfate, zinc gluconate
R 8591 potassium chloride: Klor Con, K Dur, K Tab, Slow K
R 9863 sodium chloride: normal saline, saline
R 43611 latanoprost: Xalatan
R 134615 brimonidine: Alphagan
R 2062 carboxymethylcellulose: Refresh
Q 1223 atropine
R 27084 homatropine
R 21232 clidinium
"""
