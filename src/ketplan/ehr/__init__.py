"""All traffic to an EHR: discover, launch, fetch, submit. It knows only `errors` and `config` of ketplan."""
