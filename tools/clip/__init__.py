"""How the text-image model that ships is made."""
