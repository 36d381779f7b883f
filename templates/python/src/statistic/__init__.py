"""Mean and deviation of numbers."""

import statistics
import sys


def describe(numbers):
    """What the command prints."""
    deviation = statistics.stdev(numbers) if len(numbers) > 1 else 0.0
    return f"mean {statistics.fmean(numbers):g}, deviation {deviation:g}"


def main():
    try:
        numbers = [float(each) for each in sys.argv[1:]]
    except ValueError as error:
        sys.exit(f"statistic: {error}")
    if not numbers:
        sys.exit("usage: statistic NUMBER...")
    print(describe(numbers))
