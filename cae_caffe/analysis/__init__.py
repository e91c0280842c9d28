"""What can be told of nets, weights, codes and logs without running anything."""
