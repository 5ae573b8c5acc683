"""What is shown where a schema brings no worked examples: texts of other matters with other fields, in the same layout.

By them the model sees what an answer looks like: a few words of the text, and `none` for what it does not say. Without
them it copies a whole text where it is short, and takes the first number for any.
"""

from __future__ import annotations

__all__ = ["WORKED_EXAMPLES"]

WORKED_EXAMPLES = (
    """\
Text: Lena Vogt opened the Crust bakery in Graz with 12 helpers. It is closed on Sundays.
Owner: Lena Vogt
Shop: Crust bakery
Helpers: 12
Phone: none

""",
    """\
Text: On 3 May 2021 we left Split on the Heron ferry. The cabin was damp and nobody cleaned it, but I liked the cook.
Ship: Heron ferry
Departure: 3 May 2021
Complaints: The cabin was damp; nobody cleaned it

""",
    """\
Text: PERMIT Hall of the Weavers 14 Mill Lane, Leeds Applicant: Otto Brandt Fee: GBP 85.00 Valid until 30 June 2024
Applicant: Otto Brandt
Place: Hall of the Weavers
Fee: GBP 85.00
Expiry: 30 June 2024

""",
    """\
Text: Dear Ms Lund, could you move my lesson to Friday? And the red score would help. Yours, Piet
Teacher: Ms Lund
Requests: move my lesson to Friday; the red score
Room: none

""",
)
"""Of other matters than those that any figure in docs/embedded.md is measured on."""
