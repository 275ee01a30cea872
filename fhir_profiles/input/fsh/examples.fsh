// A synthetic patient's plan in its smallest form: one infusion, one session, no call and no review.

Instance: example-care-plan
InstanceOf: KetplanCarePlan
Usage: #example
Description: "A signed plan with one infusion and one therapy session."
* identifier[step].system = $step
* identifier[step].value = "example/care-plan"
* instantiatesCanonical[0] = "https://ketplan.example.org/fhir/PlanDefinition/IV1|0.1.0"
* instantiatesCanonical[1] = "https://ketplan.example.org/fhir/PlanDefinition/ERP_OCD_17|0.1.0"
* text.status = #generated
* text.div = "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Mon 2 Mar 2026, infusion 1 of 1; Tue 3 Mar 2026, exposure session 1.</p></div>"
* status = #active
* category[AssessPlan] = $uscore-category#assess-plan
* category[CarePlan] = $sct#734163000 "Care plan"
* title = "Ketamine and CBT treatment plan"
* description = "1 dosing visit, 1 session; Mon 2 Mar 2026 to Tue 3 Mar 2026."
* subject = Reference(Patient/synthetic)
* period.start = "2026-03-02"
* period.end = "2026-03-03"
* created = "2026-02-25T14:30:00-05:00"
* author = Reference(Practitioner/rossi)
* addresses = Reference(Condition/ocd)
* goal = Reference(example-goal)
* activity[0].reference = Reference(example-request)
* activity[1].reference = Reference(example-visit)
* activity[2].reference = Reference(example-session)

Instance: example-request
InstanceOf: KetplanServiceRequest
Usage: #example
Description: "The dosing visits of the plan."
* identifier[step].system = $step
* identifier[step].value = "example/request-infusion"
* instantiatesCanonical = "https://ketplan.example.org/fhir/PlanDefinition/IV1|0.1.0"
* basedOn = Reference(example-care-plan)
* status = #active
* intent = #plan
* code = $sct#14152002 "Intravenous infusion"
* code.text = "racemic ketamine hydrochloride, intravenous infusion, 0.5 mg/kg over 40 min, off-label"
* quantityQuantity.value = 1
* quantityQuantity.unit = "visits"
* subject = Reference(Patient/synthetic)
* occurrenceTiming.event = "2026-03-02T09:00:00-05:00"
* authoredOn = "2026-02-25T14:30:00-05:00"
* requester = Reference(Practitioner/rossi)
* reasonReference = Reference(Condition/ocd)

Instance: example-visit
InstanceOf: KetplanAppointment
Usage: #example
Description: "A dosing visit booked in the EHR's slots."
* identifier[step].system = $step
* identifier[step].value = "example/appointment-infusion-1"
* status = #booked
* serviceCategory = $service-category#22 "Mental Health"
* serviceType = $service-type#141 "Psychiatry (Requires Referral)"
* appointmentType = $appointment-reason#ROUTINE
* reasonReference = Reference(Condition/ocd)
* description = "Infusion 1 of 1"
* supportingInformation = Reference(example-care-plan)
* start = "2026-03-02T09:00:00-05:00"
* end = "2026-03-02T12:00:00-05:00"
* minutesDuration = 180
* slot = Reference(Slot/chair-1-0900)
* created = "2026-02-25T14:30:00-05:00"
* comment = "On its target day. Plan example, infusion-1."
* basedOn = Reference(example-request)
* participant[0].actor = Reference(Patient/synthetic)
* participant[0].required = #required
* participant[0].status = #accepted
* participant[1].actor = Reference(Location/chair-1)
* participant[1].required = #required
* participant[1].status = #accepted

Instance: example-session
InstanceOf: KetplanAppointment
Usage: #example
Description: "A session for which the EHR keeps no calendar: proposed, with the days it may be on."
* identifier[step].system = $step
* identifier[step].value = "example/appointment-cbt-1"
* status = #proposed
* serviceCategory = $service-category#22 "Mental Health"
* serviceType = $service-type#142 "Psychology"
* appointmentType = $appointment-reason#ROUTINE
* description = "CBT 2: Exposure 1, low on hierarchy"
* supportingInformation = Reference(example-care-plan)
* start = "2026-03-03T14:00:00-05:00"
* end = "2026-03-03T15:00:00-05:00"
* minutesDuration = 60
* created = "2026-02-25T14:30:00-05:00"
* comment = "On its target day. Plan example, cbt-2."
* basedOn = Reference(example-request)
* participant.actor = Reference(Patient/synthetic)
* participant.required = #required
* participant.status = #needs-action
* requestedPeriod.start = "2026-03-03"
* requestedPeriod.end = "2026-03-08"

Instance: example-goal
InstanceOf: KetplanGoal
Usage: #example
Description: "Remission by the score of the leading disorder, which LOINC has no code for."
* identifier[step].system = $step
* identifier[step].value = "example/goal-1"
* lifecycleStatus = #active
* category = $goal-category#behavioral
* description.text = "Yale-Brown Obsessive Compulsive Scale below 13"
* subject = Reference(Patient/synthetic)
* startDate = "2026-03-02"
* target.measure = https://ketplan.example.org/fhir/CodeSystem/instrument-total#y-bocs
* target.detailQuantity.value = 13
* target.detailQuantity.comparator = #<
* target.detailQuantity.system = $ucum
* target.detailQuantity.code = #{score}
* target.dueDate = "2026-06-01"
* expressedBy = Reference(Practitioner/rossi)
* addresses = Reference(Condition/ocd)
* note.text = "Y-BOCS total at the start: 27."

Instance: example-provenance
InstanceOf: KetplanProvenance
Usage: #example
Description: "Who signed the plan, and what made it."
* target[0] = Reference(example-goal)
* target[1] = Reference(example-care-plan)
* target[2] = Reference(example-request)
* target[3] = Reference(example-visit)
* target[4] = Reference(example-session)
* occurredDateTime = "2026-02-25T14:30:00-05:00"
* recorded = "2026-02-25T14:30:00-05:00"
* activity.text = "Treatment plan signed"
* agent[author].type = $participant-type#author
* agent[author].role.text = "identity confirmed by the EHR's sign-in"
* agent[author].who = Reference(Practitioner/rossi)
* agent[assembler].type = $participant-type#assembler
* agent[assembler].who.type = "Device"
* agent[assembler].who.identifier.system = "https://ketplan.example.org/fhir/sid/software"
* agent[assembler].who.identifier.value = "ketplan|0.1.0"
* entity.role = #source
* entity.what.identifier.system = $plan
* entity.what.identifier.value = "example"
