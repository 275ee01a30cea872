"""What a browser sees. `create_app` in `app` puts it together; each other module is one page or one duty.

`doors/` lets EHR and user in, `plan/` leads to a signature, `course/` follows a signed plan, `clinic/` works
across patients; `presenters/` and `pictures/` make what is shown, and what all pages stand on is here.

Nothing here decides care: pages show what `workflow` proposes and hand back what a clinician decides.
"""

from ketplan.web.app import create_app

__all__ = ["create_app"]
