Alias: $step = https://ketplan.example.org/fhir/sid/plan-step
Alias: $plan = https://ketplan.example.org/fhir/sid/plan
Alias: $visit = https://ketplan.example.org/fhir/sid/plan-visit
Alias: $session-measure = https://ketplan.example.org/fhir/CodeSystem/session-measure
Alias: $event-kind = https://ketplan.example.org/fhir/CodeSystem/adverse-event-kind
Alias: $observation-category = http://terminology.hl7.org/CodeSystem/observation-category
Alias: $seriousness = http://terminology.hl7.org/CodeSystem/adverse-event-seriousness
Alias: $outcome = http://terminology.hl7.org/CodeSystem/adverse-event-outcome
Alias: $sct = http://snomed.info/sct
Alias: $loinc = http://loinc.org
Alias: $rxnorm = http://www.nlm.nih.gov/research/umls/rxnorm
Alias: $ucum = http://unitsofmeasure.org
Alias: $uscore-category = http://hl7.org/fhir/us/core/CodeSystem/careplan-category
Alias: $goal-category = http://terminology.hl7.org/CodeSystem/goal-category
Alias: $participant-type = http://terminology.hl7.org/CodeSystem/provenance-participant-type
Alias: $service-category = http://terminology.hl7.org/CodeSystem/service-category
Alias: $service-type = http://terminology.hl7.org/CodeSystem/service-type
Alias: $appointment-reason = http://terminology.hl7.org/CodeSystem/v2-0276
Alias: $instrument-total = https://ketplan.example.org/fhir/ValueSet/instrument-total
Alias: $USCoreCarePlan = http://hl7.org/fhir/us/core/StructureDefinition/us-core-careplan

// Every resource of a plan is found again by one identifier of ours; the EHR may add its own.
RuleSet: StepIdentifier
* identifier 1..* MS
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains step 1..1 MS
* identifier[step].system 1..1
* identifier[step].system = $step (exactly)
* identifier[step].value 1..1

// What is recorded in a dosing visit also says of which visit of which plan it is.
RuleSet: VisitIdentifier
* insert StepIdentifier
* identifier contains visit 1..1 MS
* identifier[visit].system 1..1
* identifier[visit].system = $visit (exactly)
* identifier[visit].value 1..1

// The plan's own narrative and the other resources' words are drawn from the same sentences.
RuleSet: About
* ^status = #active
* ^publisher = "ketplan"
