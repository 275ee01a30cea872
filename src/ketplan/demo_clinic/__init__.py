"""The clinic that the demo starts with: thirty synthetic patients at every stage of a course.

Each is made by the same steps as a real one: a chart, an assessment, a signed plan, its resources, and what
happened since, as ketplan itself writes it. `python -m ketplan.demo_clinic` makes them in a process of its
own, a line of JSON for each, so that the demo answers meanwhile; `seeding` puts them where they belong.
"""
