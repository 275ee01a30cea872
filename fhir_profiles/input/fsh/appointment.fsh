Profile: KetplanAppointment
Parent: Appointment
Id: ketplan-appointment
Title: "Visit of a ketplan plan"
Description: "One dosing visit, therapy session or follow-up that has a time. Booked when it takes slots of the EHR, else proposed."
* insert About
* insert StepIdentifier
* obeys ketplan-one-patient and ketplan-booked-slots
* serviceCategory 1..1
* serviceCategory = $service-category#22
* serviceType 1..* MS
* appointmentType 1..1
* appointmentType from http://terminology.hl7.org/ValueSet/v2-0276 (required)
* reasonReference only Reference(Condition)
* description 1..1 MS
* supportingInformation 1..1
* supportingInformation only Reference(CarePlan)
* start 1..1 MS
* end 1..1 MS
* minutesDuration 1..1
* slot MS
* created 1..1
* comment 1..1
* basedOn 1..1 MS
* basedOn only Reference(ServiceRequest)
* participant.actor 1..1 MS
* participant.required 1..1
* requestedPeriod 0..1

Invariant: ketplan-one-patient
Description: "Exactly one participant is a patient."
Severity: #error
Expression: "participant.actor.reference.where($this.contains('Patient/')).count() = 1"

Invariant: ketplan-booked-slots
Description: "A visit is booked only in slots of the EHR."
Severity: #error
Expression: "status = 'booked' implies slot.exists()"
