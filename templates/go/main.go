// Command factorial prints the factorial of a number.
package main

import (
	"fmt"
	"math/big"
	"os"
	"strconv"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: factorial NUMBER")
		os.Exit(2)
	}
	n, err := strconv.ParseInt(os.Args[1], 10, 32)
	if err != nil || n < 0 {
		fmt.Fprintln(os.Stderr, "factorial: not a number from 0 on:", os.Args[1])
		os.Exit(2)
	}
	fmt.Println(new(big.Int).MulRange(1, n))
}
