"""The nouns everyone shares: versions, references, durations, findings, errors, and how they look on a wire."""
