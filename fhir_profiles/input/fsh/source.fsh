Extension: Source
Id: source
Title: "Source and tag"
Description: "Where a table row comes from: its section of the protocol facts and the keys of what was read, tagged F (found), M (memory, to be checked), H (house default), P (found for another population)."
Context: CodeSystem, CodeSystem.concept, ValueSet, Questionnaire, PlanDefinition.action, PlanDefinition.action.relatedAction
* insert About
* value[x] 1..1
* value[x] only string
