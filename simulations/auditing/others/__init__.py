"""Other people's mechanisms, called as they are published, and what gate G0 finds of their claims."""
