"""
Rules as admission policies: what `fairlead check` says of a manifest, the API server says of a request.

`exported` is pure: a rule in, a ValidatingAdmissionPolicy and its binding out, or the reason why there is none.
"""

from fairlead.policies.admission import Action, Exported, Unsayable, exported

__all__ = ["Action", "Exported", "Unsayable", "exported"]
