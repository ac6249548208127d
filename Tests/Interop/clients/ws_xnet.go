// Go, golang.org/x/net/websocket: no ping and no close codes in its interface. Words in and out as in lines.py.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/net/websocket"
)

var mouth sync.Mutex

func say(words ...interface{}) {
	mouth.Lock()
	defer mouth.Unlock()
	fmt.Println(words...)
}

func connect(url, how, token string) *websocket.Conn {
	origin := strings.Replace(strings.Join(strings.Split(url, "/")[:3], "/"), "ws", "http", 1)
	config, err := websocket.NewConfig(url, origin)
	if err != nil {
		say("failed", err)
		return nil
	}
	config.Protocol = []string{"live.v1"}
	if how == "header" {
		config.Header.Set("Authorization", "Bearer "+token)
	} else {
		config.Protocol = append(config.Protocol, "bearer."+token)
	}
	conn, err := websocket.DialConfig(config)
	if err != nil {
		say("failed", err)
		return nil
	}
	// It puts what the server chose into its configuration.
	subprotocol := "-"
	if len(conn.Config().Protocol) == 1 {
		subprotocol = conn.Config().Protocol[0]
	}
	say("open", subprotocol)
	go read(conn)
	return conn
}

func read(conn *websocket.Conn) {
	for {
		var text string
		if err := websocket.Message.Receive(conn, &text); err != nil {
			conn.Close()
			say("closed", "-")
			return
		}
		say("text", text)
	}
}

func main() {
	var conn *websocket.Conn
	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		word, rest, _ := strings.Cut(scanner.Text(), " ")
		switch word {
		case "connect":
			parts := strings.Fields(rest)
			conn = connect(parts[0], parts[1], parts[2])
		case "send":
			websocket.Message.Send(conn, rest)
		case "close":
			conn.Close()
		}
	}
}
