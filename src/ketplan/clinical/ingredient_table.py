"""The drugs the clinical rules name, combination products, and the words of a drug name that name no drug.

LISTED and `ordinary_ingredients.ORDINARY` hold one ingredient a row:

    tag code name: another name, another name=code, =code

`code` is the RxNorm concept of the ingredient (of its salt, where the rules name a salt), or `-` for a drug
known by name only. `=code` is any other RxNorm concept (brand, salt, clinical drug) that means just this
ingredient. PRODUCTS has the same other names after `ingredient + ingredient:`. A row goes on where the next
line is indented.

The tag says where code and name were found together (SOURCES). Every `=code` was found in source R.

Kept out on purpose: drugs of a class whose members the interaction rules list one by one, where the list does
not have this one (other opioids, benzodiazepines, barbiturates, hypnotics, stimulants, monoamine oxidase
inhibitors, strong enzyme inhibitors and inducers). Out of the table they stay unresolved, and a clinician
reviews them; in it they would pass as harmless.
"""

SOURCES = {
    "R": "RxNorm Current Prescribable Content of 6 October 2025, in a published extract",
    "Q": "other public material that quotes RxNorm (CPIC drug table, published RxNav answers)",
    "U": "unverified: from memory, to be checked against RxNorm before release",
}

LISTED = """
# benzodiazepines
Q 596 alprazolam: Xanax, Niravam
R 2598 clonazepam: Klonopin=202585, Rivotril
R 3322 diazepam: Valium=202472, Diastat=216586, Valtoco=2272614, Libervant=2682565, Stesolid, Diazemuls
R 6470 lorazepam: Ativan=202479, Loreev=2569566, =197900, =206821
R 6960 midazolam: Versed, Nayzilam=2173495, Seizalam=2057960, Buccolam, Hypnovel
R 10355 temazepam: Restoril=219641
R 2356 chlordiazepoxide: Librium, chlordiazepoxide hydrochloride=203173
R 10767 triazolam: Halcion=227423
R 21241 clobazam: Onfi=1191051, Sympazan=2102708, Frisium
R 7781 oxazepam: Serax
R 4077 estazolam: ProSom
R 4501 flurazepam: Dalmane, flurazepam hydrochloride=71484
R 35185 quazepam: Doral=216726
R 2353 clorazepate: Tranxene=202966, clorazepate dipotassium=2607

# lamotrigine, monoamine oxidase inhibitors, stimulants
R 28439 lamotrigine: Lamictal=196502, Subvenite=2001501
R 8123 phenelzine: Nardil=203799
R 10734 tranylcypromine: Parnate=203832
R 6011 isocarboxazid: Marplan=152005
R 9639 selegiline: Emsam=617716, Zelapar=643054, Eldepryl=92571, selegiline hydrochloride=203137
R 190376 linezolid: Zyvox=261710, Zyvoxid
Q 725 amphetamine: amfetamine, Evekeo, Adzenys, Dyanavel
R 3288 dextroamphetamine: dexamfetamine, dexamphetamine, d amphetamine, dextroamphetamine sulfate=3287,
    dextroamphetamine saccharate=221088, Dexedrine=151612, Zenzedi=1425332, ProCentra=847176, Xelstrym=2624703
R 700810 lisdexamfetamine: lisdexamphetamine, Vyvanse=711043, Elvanse, lisdexamfetamine dimesylate=673579
R 6901 methylphenidate: Ritalin=224917, Concerta=284704, Daytrana=631252, Metadate=594111, Methylin=261572,
    Aptensio=1648175, Jornay=2168839, Quillivant=1312584, QuilliChew=1727444, Cotempla=1926841,
    Relexxii=2052821, Adhansia=2119550, Equasym, Medikinet, Xaggitin, Delmosart, methylphenidate
    hydrochloride=203188, =1091392
R 352372 dexmethylphenidate: Focalin=352654, dexmethylphenidate hydrochloride=353105
R 6816 methamphetamine: metamfetamine, Desoxyn=224965, methamphetamine hydrochloride=82044
R 30125 modafinil: Provigil=219484
Q 641465 armodafinil: Nuvigil

# depressants of the central nervous system
R 7052 morphine: MS Contin=203354, MSIR, Kadian=203240, Duramorph=203355, Infumorph=203358, Mitigo=2055303,
    Arymo=1871435, MST Continus, Oramorph, Sevredol, Zomorph, morphine sulfate=30236
R 7804 oxycodone: OxyContin=218986, Roxicodone=219740, Oxaydo=1664443, Roxybond=1944530, Xtampza=1790528,
    OxyNorm, Longtec, Shortec, oxycodone hydrochloride=82063, =1860154
R 5489 hydrocodone: Hysingla=1595731, Zohydro=1442523, hydrocodone bitartrate=142439
R 4337 fentanyl: Duragesic, Durogesic, Sublimaze, Actiq=215008, Fentora=668619, Subsys=1237051,
    Abstral=1053648, Lazanda=1115547, Ionsys=1666832
R 6813 methadone: Dolophine=202370, Methadose=152751, Diskets=670009, Physeptone, methadone
    hydrochloride=218337
R 1819 buprenorphine: Subutex, Butrans=904871, Belbuca=1716058, Sublocade=1996185, Brixadi=2639023,
    Buprenex=203840, Temgesic, Espranor, Buvidal
R 10689 tramadol: Ultram=220606, ConZip=1148479, Qdolo=2395809, Zydol, Zamadol, tramadol hydrochloride=82110
R 2670 codeine: codeine phosphate=2672, codeine sulfate=91104
R 3423 hydromorphone: Dilaudid=224913, Exalgo, Palladone, hydromorphone hydrochloride=203177
R 7814 oxymorphone: Opana, oxymorphone hydrochloride=82064
R 787390 tapentadol: Nucynta=854137, Palexia
R 6754 meperidine: pethidine, Demerol=282381, meperidine hydrochloride=103755
R 39993 zolpidem: Ambien=131725, Edluar=836642, Zolpimist=828693, Intermezzo, Stilnoct,
    zolpidem tartrate=221183
R 461016 eszopiclone: Lunesta=540404
R 25480 gabapentin: Neurontin=196498, Gralise=1087976, Gabarone=602396, Horizant=1095698,
    gabapentin enacarbil=1101333
R 187832 pregabalin: Lyrica=593441
R 8134 phenobarbital: phenobarbitone, Luminal, Sezaby=2624720, phenobarbital sodium=82077
R 5553 hydroxyzine: Vistaril=282519, Atarax, hydroxyzine hydrochloride=154987, hydroxyzine pamoate=203182
R 51272 quetiapine: Seroquel=83553
R 10737 trazodone: Desyrel, Oleptro, Molipaxin, Raldesy=2699612, trazodone hydrochloride=82112
R 9899 sodium oxybate: oxybate=2387302, Xyrem=353098, Lumryz=2636823, Xywav=2393800, calcium oxybate=2387307,
    magnesium oxybate=2387308, potassium oxybate=2387309, =2393796

# opioid antagonist, enzyme inhibitors and inducers, xanthines
R 7243 naltrexone: Vivitrol=636556, ReVia=152092, Adepend, naltrexone hydrochloride=105069
R 21212 clarithromycin: Biaxin, Klaricid
R 85762 ritonavir: Norvir=196479
R 6135 ketoconazole: Nizoral=202692, Extina=728511, levoketoconazole=2588846, Recorlev=2588849
R 28031 itraconazole: Sporanox=202826, Tolsura=2106643, Onmel
R 31565 nefazodone: Serzone, nefazodone hydrochloride=236082
R 10594 ticlopidine: Ticlid, ticlopidine hydrochloride=97
R 32968 clopidogrel: Plavix=174742, =309362
R 9384 rifampin: rifampicin, Rifadin=202953, Rimactane
R 2002 carbamazepine: Tegretol=203029, Carbatrol=215879, Epitol=203251, Equetro=583135
R 8183 phenytoin: Dilantin=202740, Phenytek=352891, Epanutin, phenytoin sodium=71227
R 10438 theophylline: Theo 24=203388, Elixophyllin=203394, Uniphyl, Uniphyllin
Q 689 aminophylline: Phyllocontin

# antipsychotics of the interaction table
R 2626 clozapine: Clozaril=216102, Versacloz=1369826, FazaClo, Denzapine, Zaponex
R 5093 haloperidol: Haldol=151839, haloperidol decanoate=26420
R 35636 risperidone: Risperdal=152318, Perseris=2055668, Rykindo=2639728, Uzedy=2636035

# drugs of an adequate trial
R 36437 sertraline: Zoloft=82728, Lustral, =328670
R 4493 fluoxetine: Prozac=58827, Sarafem, =406022
R 32937 paroxetine: Paxil=114228, Seroxat, Pexeva=541657, Brisdelle=1430123, paroxetine hydrochloride=235830,
    paroxetine mesylate=436212, =1738483
R 321988 escitalopram: Lexapro=352741, Cipralex
R 2556 citalopram: Celexa=215928, Cipramil
R 42355 fluvoxamine: Luvox, Faverin, fluvoxamine maleate=203143
R 39786 venlafaxine: Effexor=151692, Efexor
R 734064 desvenlafaxine: Pristiq=711372, Khedezla=1435475, desvenlafaxine succinate=683693
R 72625 duloxetine: Cymbalta=482574, Drizalma=2200169, Irenka=1652064, Yentreve
R 2597 clomipramine: Anafranil=756, clomipramine hydrochloride=81984
R 1827 buspirone: BuSpar=154990, Bucapsol=2714174, buspirone hydrochloride=203116
R 15996 mirtazapine: Remeron=134774, Zispin

# ketamine itself
R 6130 ketamine: Ketalar=6129
R 2119365 esketamine: s ketamine, Spravato=2119382
"""

PRODUCTS = """
amphetamine + dextroamphetamine: Adderall=84815, Mydayis=1927611, mixed amphetamine salts, amphetamine salts,
    amphetamine salt combo
acetaminophen + oxycodone: Percocet=42844, Endocet=216903, Nalocet=2045495, Primlev=1537111, Prolate=2279505,
    =1049221
acetaminophen + hydrocodone: Vicodin, Norco=218772, Lortab=144254, Hycet=542941, Lorcet=491666,
    Verdrocet=1542976, =856980
acetaminophen + codeine: Tylenol with Codeine=220586, Tylenol 2, Tylenol 3, Tylenol 4, co codamol
acetaminophen + tramadol: Ultracet=353062, Tramacet
hydrocodone + ibuprofen: Vicoprofen=220826, Reprexain=579458, =214627
chlorpheniramine + hydrocodone: Tussionex, =214392
homatropine + hydrocodone: Hycodan=992657, Hydromet=151875, Tussigon=220542, =214614
codeine + guaifenesin: Robitussin AC, Cheratussin=995869, =214442
codeine + promethazine: =214444
celecoxib + tramadol: Seglentis=2588479, =2588474
morphine + naltrexone: Embeda, =866331
buprenorphine + naloxone: Suboxone=352990, Zubsolv=1431077, Bunavail=1542391, =352364
bupropion + naltrexone: Contrave=1551469, Mysimba, =1551467
bupropion + dextromethorphan: Auvelity=2611261
fluoxetine + olanzapine: Symbyax=405343, =611247
chlordiazepoxide + clidinium: Librax=28697, =611854
amitriptyline + chlordiazepoxide: Limbitrol
atropine + hyoscyamine + phenobarbital + scopolamine: Donnatal=115141, Phenohytro=1739882
nirmatrelvir + ritonavir: Paxlovid
lopinavir + ritonavir: Kaletra=284756, =284640
amoxicillin + clarithromycin + lansoprazole: Prevpac
bupropion: =993532
donepezil + memantine: Namzaric=1602583, =1599803
carbidopa + levodopa: Sinemet, co careldopa
acetaminophen + aspirin + caffeine: Excedrin
acetaminophen + diphenhydramine: Tylenol PM
diphenhydramine + ibuprofen: Advil PM
acetaminophen + dextromethorphan + doxylamine: NyQuil, =1043400
acetaminophen + dextromethorphan + phenylephrine: DayQuil
dextromethorphan + guaifenesin: Mucinex DM, Robitussin DM
loratadine: =665078
loratadine + pseudoephedrine: Claritin D
fexofenadine + pseudoephedrine: Allegra D
cetirizine + pseudoephedrine: Zyrtec D
amoxicillin + clavulanate: Augmentin, co amoxiclav
sulfamethoxazole + trimethoprim: Bactrim, Septra, co trimoxazole
hydrochlorothiazide + lisinopril: Zestoretic, Prinzide
hydrochlorothiazide + losartan: Hyzaar
hydrochlorothiazide + triamterene: Maxzide, Dyazide
amlodipine + benazepril: Lotrel
amlodipine + valsartan: Exforge
sacubitril + valsartan: Entresto
simvastatin: =316672, =312961
ezetimibe + simvastatin: Vytorin
furosemide: =315971
metformin + sitagliptin: Janumet
metformin + saxagliptin: Kombiglyze, =1043563
insulin isophane + insulin, regular, human: =106892
nicotine: =198031
fluticasone + salmeterol: Advair, Seretide, Wixela
fluticasone + vilanterol: Breo, Relvar
fluticasone + umeclidinium + vilanterol: Trelegy
budesonide + formoterol: Symbicort
albuterol + ipratropium: Combivent, DuoNeb
abacavir + dolutegravir + lamivudine: Triumeq
bictegravir + emtricitabine + tenofovir alafenamide: Biktarvy
emtricitabine + tenofovir alafenamide: Descovy
emtricitabine + tenofovir disoproxil: Truvada
norethindrone: =831533, =748962
levonorgestrel: =807283, =1605257
ethinyl estradiol + levonorgestrel: Levora, Seasonique, Aviane, Microgynon, Nordette, Lutera, =748879
ethinyl estradiol + norgestimate: Ortho Tri Cyclen, Trinessa, Sprintec, Tri Sprintec
ethinyl estradiol + norethindrone: Loestrin, Lo Loestrin, Junel, Microgestin
desogestrel + ethinyl estradiol: Apri, Kariva, Mircette, Marvelon
drospirenone + ethinyl estradiol: Yaz, Yasmin
ethinyl estradiol + etonogestrel: NuvaRing, =1367439
ethinyl estradiol + norelgestromin: Xulane, Evra, Ortho Evra
dienogest + estradiol: Natazia, Qlaira
estrogens, conjugated (USP) + medroxyprogesterone: Prempro
"""

PLAIN_WORDS = """
# amounts and rates
mg mcg ug μg g gm gram grams kg ng ml l dl meq mmol unt unit units iu million percent actuat actuation
actuations spray sprays puff puffs dose doses hr hrs h hour hours day days week weeks month months per each
every x
# forms
tablet tablets tab tabs capsule capsules cap caps caplet caplets softgel softgels pill pills pack packet
packets pak kit blister solution soln suspension susp syrup elixir liquid drops drop concentrate powder
granules granule pellet pellets crystals cream ointment oint gel lotion foam paste shampoo wash patch patches
film strip strips lozenge lozenges troche gum suppository suppositories enema ring implant insert system
device inhaler aerosol inhalant nebulizer nebuliser neb injection injectable inj infusion injector
autoinjector auto pen pens syringe cartridge vial vials ampule ampoule bag bottle tube applicator emulsion
drug medicated pad mouthwash rinse hfa cfc diskus respimat ellipta handihaler turbuhaler flexhaler evohaler
accuhaler kwikpen flexpen flextouch solostar prefilled metered dry
# routes and places
oral orally buccal sublingual sl po by mouth nasal intranasal inhalation inhaled inh topical transdermal
dermal td ophthalmic ophth otic eye ear rectal pr vaginal pv intrauterine intramuscular im intravenous iv
subcutaneous subcut sc sq subq intradermal mucosal transmucosal urethral mucous membrane
# release and make
extended release delayed modified prolonged sustained controlled immediate rapid long acting er xr xl sr cr dr
la ir mr ec cd odt abuse deterrent disintegrating dispersible orodispersible soluble chewable chew chewables
effervescent sprinkle sprinkles bead matrix delivery dosing rating bx osmotic wafer enteric coated gastro
resistant micronized liposomal lipid free preservative sugar
# strengths, labels
strength regular maximum max adult adults childrens children pediatric infant infants junior usp bp nf nda
anda bla generic brand product formula otc inert ingredients placebo pmdd
# salts, esters, hydrates
hydrochloride hcl hydrobromide methylbromide hbr sodium na potassium disodium dipotassium chloride bromide
iodide sulfate sulphate sulf bisulfate hydrogen phosphate diphosphate nitrate acetate diacetate citrate
lactate gluconate maleate fumarate hemifumarate tartrate bitartrate succinate malate malonate oxalate mesylate
mesilate besylate besilate tosylate tosilate camsylate esylate pamoate embonate saccharate aspartate
dimesylate dihydrochloride salt polistirex terephthalate resin stearate palmitate ethylsuccinate estolate
propionate dipropionate furoate valerate butyrate acetonide hexacetonide enanthate cypionate decanoate
caproate pivalate medoxomil proxetil axetil disoproxil tromethamine trometamol meglumine arginine erbumine
monohydrate dihydrate trihydrate hemihydrate sesquihydrate anhydrous benzathine hydrate base hyclate
# directions
take use daily once twice nightly bedtime morning evening qd qhs bid tid qid prn as needed and with in of for
the a to
"""
