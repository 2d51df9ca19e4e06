"""Who is served next: `fairness` decides, `limits` refuses, `estimate` predicts, `reasons` says why one waits."""
