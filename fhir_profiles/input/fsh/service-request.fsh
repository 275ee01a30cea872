Profile: KetplanServiceRequest
Parent: ServiceRequest
Id: ketplan-service-request
Title: "Modality of a ketplan plan"
Description: "What all visits of one kind are for. A plan, never an order: a prescriber orders the drug in the EHR."
* insert About
* insert StepIdentifier
* instantiatesCanonical only Canonical(PlanDefinition)
* basedOn 1..1 MS
* basedOn only Reference(CarePlan)
* intent = #plan
* doNotPerform 0..0
* code 1..1 MS
* code.text 1..1
* orderDetail 0..0
* quantity[x] 1..1
* quantity[x] only Quantity
* subject only Reference(Patient)
* occurrence[x] 1..1 MS
* occurrence[x] only Timing
* authoredOn 1..1
* requester only Reference(Practitioner or PractitionerRole)
* reasonReference only Reference(Condition)
* obeys ketplan-requester

Invariant: ketplan-requester
Description: "Only what a clinician has signed is active."
Severity: #error
Expression: "status = 'active' implies requester.exists()"
