Profile: KetplanAdverseEvent
Parent: AdverseEvent
Id: ketplan-adverse-event
Title: "Adverse event recorded with ketplan"
Description: "What happened, how serious, what was done about it (in the words: R4 has no element for that) and what became of it."
* insert About
* identifier 1..1
* identifier.system 1..1
* identifier.system = $step (exactly)
* identifier.value 1..1
* actuality = #actual
* event 1..1
* event.coding 1..*
* event.text 1..1 MS
* subject only Reference(Patient)
* date 1..1
* recordedDate 1..1
* seriousness 1..1
* outcome 1..1
* recorder 1..1
* recorder only Reference(Practitioner or PractitionerRole)
* suspectEntity 0..1
* suspectEntity.instance only Reference(MedicationAdministration)
* suspectEntity.instance.identifier 1..1
