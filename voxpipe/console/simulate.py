def add_parser(x):
    pass
