// A synthetic patient's first dose in its smallest form: one set of vital signs, one score, one event.

Instance: example-dosing-session
InstanceOf: KetplanSession
Usage: #example
Description: "A dosing session that took place."
* identifier[step].system = $step
* identifier[step].value = "example-session/procedure"
* identifier[visit].system = $visit
* identifier[visit].value = "example/infusion-1"
* basedOn[0] = Reference(example-request)
* basedOn[1] = Reference(example-care-plan)
* status = #completed
* code = $sct#14152002 "Intravenous infusion"
* code.text = "Infusion 1 of 1: racemic ketamine hydrochloride, supervised session"
* subject = Reference(Patient/synthetic)
* performedPeriod.start = "2026-03-02T09:00:00-05:00"
* performedPeriod.end = "2026-03-02T09:40:00-05:00"
* performer.actor = Reference(Practitioner/rossi)

Instance: example-administration
InstanceOf: KetplanAdministration
Usage: #example
Description: "The dose given."
* identifier[step].system = $step
* identifier[step].value = "example-session/administration"
* identifier[visit].system = $visit
* identifier[visit].value = "example/infusion-1"
* partOf = Reference(example-dosing-session)
* status = #completed
* medicationCodeableConcept = $rxnorm#6130 "ketamine"
* medicationCodeableConcept.text = "racemic ketamine hydrochloride"
* subject = Reference(Patient/synthetic)
* supportingInformation = Reference(example-visit)
* effectivePeriod.start = "2026-03-02T09:00:00-05:00"
* effectivePeriod.end = "2026-03-02T09:40:00-05:00"
* performer.actor = Reference(Practitioner/rossi)
* dosage.text = "34 mg (0.50 mg/kg of 68.00 kg dosing weight)"
* dosage.route = $sct#47625008 "Intravenous route"
* dosage.dose.value = 34
* dosage.dose.unit = "mg"
* dosage.dose.system = $ucum
* dosage.dose.code = #mg

Instance: example-pressure
InstanceOf: KetplanSessionObservation
Usage: #example
Description: "A blood pressure at the end of the infusion."
* identifier[step].system = $step
* identifier[step].value = "example-session/set-5-bp"
* identifier[visit].system = $visit
* identifier[visit].value = "example/infusion-1"
* basedOn = Reference(example-request)
* partOf = Reference(example-dosing-session)
* status = #final
* category = $observation-category#vital-signs
* code = $loinc#85354-9 "Blood pressure panel with all children optional"
* subject = Reference(Patient/synthetic)
* effectiveDateTime = "2026-03-02T09:40:00-05:00"
* issued = "2026-03-02T11:10:00-05:00"
* performer = Reference(Practitioner/rossi)
* component[0].code = $loinc#8480-6 "Systolic blood pressure"
* component[0].valueQuantity.value = 152
* component[0].valueQuantity.unit = "mmHg"
* component[0].valueQuantity.system = $ucum
* component[0].valueQuantity.code = #mm[Hg]
* component[1].code = $loinc#8462-4 "Diastolic blood pressure"
* component[1].valueQuantity.value = 94
* component[1].valueQuantity.unit = "mmHg"
* component[1].valueQuantity.system = $ucum
* component[1].valueQuantity.code = #mm[Hg]

Instance: example-score
InstanceOf: KetplanScore
Usage: #example
Description: "A GAD-7 total, from its answers."
* identifier[step].system = $step
* identifier[step].value = "example-form/total"
* status = #final
* category = $observation-category#survey
* code = $loinc#70274-6
* code.text = "GAD-7 total score"
* subject = Reference(Patient/synthetic)
* effectiveDateTime = "2026-03-09T10:30:00-04:00"
* performer = Reference(Practitioner/rossi)
* valueQuantity.value = 7
* valueQuantity.unit = "{score}"
* valueQuantity.system = $ucum
* valueQuantity.code = #{score}
* derivedFrom = Reference(example-answers)

Instance: example-answers
InstanceOf: KetplanAnswers
Usage: #example
Description: "One answer of a GAD-7 that was left off."
* identifier.system = $step
* identifier.value = "example-form/response"
* questionnaire = "https://ketplan.example.org/fhir/Questionnaire/gad-7"
* status = #stopped
* subject = Reference(Patient/synthetic)
* authored = "2026-03-09T10:30:00-04:00"
* author = Reference(Practitioner/rossi)
* source = Reference(Patient/synthetic)
* item.linkId = "69725-0"
* item.answer.valueCoding = $loinc#LA6569-3 "Several days"

Instance: example-adverse-event
InstanceOf: KetplanAdverseEvent
Usage: #example
Description: "An adverse event in the dosing session."
* identifier.system = $step
* identifier.value = "example-event/event"
* actuality = #actual
* event = $event-kind#hypertension "severe hypertension with symptoms"
* event.text = "Severe hypertension with symptoms: 204/122 with headache. Action taken: infusion stopped"
* subject = Reference(Patient/synthetic)
* date = "2026-03-02T09:20:00-05:00"
* recordedDate = "2026-03-02T09:50:00-05:00"
* seriousness = $seriousness#Serious
* outcome = $outcome#resolved
* recorder = Reference(Practitioner/rossi)
* suspectEntity.instance.type = "MedicationAdministration"
* suspectEntity.instance.identifier.system = $step
* suspectEntity.instance.identifier.value = "example-session/administration"
* suspectEntity.instance.display = "The dose of this session"
