Profile: KetplanSessionObservation
Parent: Observation
Id: ketplan-session-observation
Title: "Observation of a dosing session"
Description: "Vital signs, symptoms, scores, the dose's size or how it was borne: one moment of one dosing visit."
* insert About
* insert VisitIdentifier
* obeys ketplan-observed
* basedOn only Reference(ServiceRequest)
* partOf 1..1 MS
* partOf only Reference(Procedure)
* status = #final
* category 1..1
* code.text 0..1
* subject 1..1
* subject only Reference(Patient)
* effective[x] 1..1
* effective[x] only dateTime
* issued 1..1
* performer 1..1
* performer only Reference(Practitioner or PractitionerRole)
* value[x] only Quantity
* component.value[x] 1..1
* component.value[x] only Quantity or boolean

Invariant: ketplan-observed
Description: "There is a value, or there are components."
Severity: #error
Expression: "value.exists() or component.exists()"

Profile: KetplanScore
Parent: Observation
Id: ketplan-score
Title: "Total score of an instrument"
Description: "Written only when no answer is missing; from the answers where the instrument's questions were asked here."
* insert About
* insert StepIdentifier
* status = #final
* category 1..1
* category = $observation-category#survey
* code 1..1
* code.text 1..1
* code from $instrument-total (required)
* subject 1..1
* subject only Reference(Patient)
* effective[x] 1..1
* effective[x] only dateTime
* performer 1..1
* performer only Reference(Practitioner or PractitionerRole)
* value[x] 1..1
* value[x] only Quantity
* valueQuantity.value 1..1
* valueQuantity.system 1..1
* valueQuantity.system = $ucum
* valueQuantity.code 1..1
* valueQuantity.code = #{score}
* derivedFrom only Reference(QuestionnaireResponse)
* component 0..0

Profile: KetplanAnswers
Parent: QuestionnaireResponse
Id: ketplan-answers
Title: "Answers to an instrument"
Description: "Each question answered stands once with one answer; what was not answered is not there. Stopped while an answer is missing."
* insert About
* identifier 1..1
* identifier.system 1..1
* identifier.system = $step (exactly)
* identifier.value 1..1
* questionnaire 1..1
* status MS
* subject 1..1
* subject only Reference(Patient)
* authored 1..1
* author 1..1
* author only Reference(Practitioner or PractitionerRole)
* item 1..*
