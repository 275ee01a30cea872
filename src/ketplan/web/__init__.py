"""What a browser sees. `create_app` in `app` puts it together; each other module is one page or one duty.

Nothing here decides care: pages show what `workflow` proposes and hand back what a clinician decides.
"""

from ketplan.web.app import create_app

__all__ = ["create_app"]
