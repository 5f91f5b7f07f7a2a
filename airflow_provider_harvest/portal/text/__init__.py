"""How text is written for people: plainly, safely, and without secrets."""
