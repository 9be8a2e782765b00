"""The whole story on one machine, for people: updates, rollbacks and a damaged image, each as it happens."""
