Profile: KetplanProvenance
Parent: Provenance
Id: ketplan-provenance
Title: "Provenance of a ketplan plan"
Description: "Who signed the plan, and with which software it was made. An unsigned plan has no author."
* insert About
* target only Reference(Appointment or CarePlan or Goal or ServiceRequest)
* occurred[x] 1..1
* occurred[x] only dateTime
* activity 1..1
* activity.text 1..1
* agent ^slicing.discriminator.type = #pattern
* agent ^slicing.discriminator.path = "type"
* agent ^slicing.rules = #closed
* agent contains author 0..1 MS and assembler 1..1 MS
* agent[author].type 1..1
* agent[author].type = $participant-type#author
* agent[author].role 1..1
* agent[author].who only Reference(Practitioner or PractitionerRole)
* agent[assembler].type 1..1
* agent[assembler].type = $participant-type#assembler
* agent[assembler].who only Reference(Device)
* agent[assembler].who.identifier 1..1
* entity 1..1
* entity.role = #source
* entity.what.identifier 1..1
* entity.what.identifier.system 1..1
* entity.what.identifier.system = $plan
* entity.what.identifier.value 1..1
