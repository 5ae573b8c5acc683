"""One value of one text: what is asked, what an answer is worth, and which rung comes next."""
