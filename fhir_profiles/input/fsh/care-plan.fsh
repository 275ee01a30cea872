Profile: KetplanCarePlan
Parent: $USCoreCarePlan
Id: ketplan-care-plan
Title: "Treatment plan of ketplan"
Description: "A combined ketamine and CBT plan. Written as a draft first; active, with its activities, once a named clinician has signed it and everything else stands."
* insert About
* insert StepIdentifier
* obeys ketplan-signed and ketplan-narrative
* text 1..1
* status MS
* intent = #plan
* category contains CarePlan 1..1 MS
* category[CarePlan] = $sct#734163000
* title 1..1 MS
* description 1..1
* period 1..1 MS
* period.start 1..1
* period.end 1..1
* created 1..1
* author only Reference(Practitioner or PractitionerRole)
* author MS
* addresses only Reference(Condition)
* addresses MS
* goal only Reference(Goal)
* instantiatesCanonical only Canonical(PlanDefinition)
* instantiatesCanonical MS
* activity MS
* activity.reference 1..1 MS
* activity.reference only Reference(Appointment or ServiceRequest)
* activity.detail 0..0

Invariant: ketplan-signed
Description: "Only a plan that a clinician has signed is active."
Severity: #error
Expression: "status = 'active' implies author.exists()"

Invariant: ketplan-narrative
Description: "Some EHRs show nothing of a plan but its narrative, so it is never empty."
Severity: #error
Expression: "text.div.exists()"
