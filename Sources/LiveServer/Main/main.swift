print("liveserver")
