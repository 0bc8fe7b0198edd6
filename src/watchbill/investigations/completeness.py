"""What makes an analysis complete: key -> what is there. Oversight goes through it."""

COMPLETE = {
    "begin": "It says when and by what it began, and how that is known",
    "causes": "It names what made it possible, beyond what set it off",
    "evidence": "Each cause rests on a finding that somebody else can look at",
    "alternatives": "Other explanations were put to the test and ruled out",
    "impact": "Whom it harmed is measured, not guessed",
    "reach": "What else is touched, or could fail the same way, is named",
    "detection": "It says how it was noticed, and what would have told earlier",
}
