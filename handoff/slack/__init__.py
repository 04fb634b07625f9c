"""What staff see in Slack: cards, threads, forms and posts, as calls and blocks of Slack's."""
