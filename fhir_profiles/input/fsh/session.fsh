Profile: KetplanSession
Parent: Procedure
Id: ketplan-session
Title: "Dosing session of a ketplan plan"
Description: "That a dosing visit took place, was stopped, or was not done and why. Everything observed in it is part of it."
* insert About
* insert VisitIdentifier
* obeys ketplan-done and ketplan-why
* basedOn only Reference(CarePlan or ServiceRequest)
* status MS
* code 1..1
* code.text 1..1
* subject only Reference(Patient)
* performed[x] only Period
* performed[x] MS
* performer 1..1
* performer.actor only Reference(Practitioner or PractitionerRole)

Invariant: ketplan-done
Description: "What was done has a time, what was not done has none."
Severity: #error
Expression: "(status = 'not-done') = performed.exists().not()"

Invariant: ketplan-why
Description: "What was not done says why."
Severity: #error
Expression: "status = 'not-done' implies statusReason.exists()"

Profile: KetplanAdministration
Parent: MedicationAdministration
Id: ketplan-administration
Title: "Dose given in a dosing session"
Description: "The drug, how much and when; or that it was not given, and why."
* insert About
* insert VisitIdentifier
* obeys ketplan-given and ketplan-why
* partOf 1..1
* partOf only Reference(Procedure)
* status MS
* medication[x] only CodeableConcept
* medicationCodeableConcept.text 1..1
* subject only Reference(Patient)
* supportingInformation only Reference(Appointment)
* effective[x] MS
* performer 1..1
* performer.actor only Reference(Practitioner or PractitionerRole)
* dosage.text 1..1
* dosage.dose 1..1 MS
* dosage.dose.value 1..1
* dosage.dose.system 1..1
* dosage.dose.system = $ucum
* dosage.dose.code 1..1
* dosage.dose.code = #mg

Invariant: ketplan-given
Description: "A dose that was given has its size, one that was not given has none."
Severity: #error
Expression: "(status = 'not-done') = dosage.exists().not()"
