Profile: KetplanGoal
Parent: Goal
Id: ketplan-goal
Title: "Goal of a ketplan plan"
Description: "Where the score of the leading disorder should go, and by when."
* insert About
* insert StepIdentifier
* category 1..1
* category = $goal-category#behavioral
* description.text 1..1
* subject only Reference(Patient)
* start[x] 1..1
* start[x] only date
* target 1..1 MS
* target.measure 1..1 MS
* target.measure from $instrument-total (required)
* target.detail[x] only Quantity
* target.detailQuantity.value 1..1
* target.detailQuantity.comparator 1..1
* target.detailQuantity.comparator = #<
* target.detailQuantity.system 1..1
* target.detailQuantity.system = $ucum
* target.detailQuantity.code 1..1
* target.detailQuantity.code = #{score}
* target.due[x] 1..1
* target.due[x] only date
* expressedBy only Reference(Practitioner or PractitionerRole)
* addresses only Reference(Condition)
* note 1..1
