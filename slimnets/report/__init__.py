"""What people look at: tables and pictures of networks and evaluations."""
