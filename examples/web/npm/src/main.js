document.title = greet("web") + " " + count([1, 2, 3])
