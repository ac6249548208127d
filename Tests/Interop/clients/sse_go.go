// Go's net/http with a scanner of lines. Words as in sse_httpx.py.
package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strings"
)

func read(words []string) {
	request, _ := http.NewRequest("GET", words[0], nil)
	request.Header.Set("Authorization", "Bearer "+words[1])
	request.Header.Set("Accept", "text/event-stream")
	if len(words) > 2 {
		request.Header.Set("Last-Event-ID", words[2])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	defer response.Body.Close()
	if response.StatusCode != 200 {
		fmt.Println("failed", response.StatusCode)
		return
	}
	fmt.Println("open")
	id, data := "", ""
	scanner := bufio.NewScanner(response.Body)
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		name, value, _ := strings.Cut(scanner.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case scanner.Text() == "":
			if data != "" {
				if id == "" {
					id = "-"
				}
				fmt.Println("event", id, data)
			}
			id, data = "", ""
		case name == "id":
			id = value
		case name == "data":
			data += value
		}
	}
	fmt.Println("closed")
}

func main() {
	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		if words := strings.Fields(scanner.Text()); len(words) > 2 && words[0] == "connect" {
			go read(words[1:])
		}
	}
}
