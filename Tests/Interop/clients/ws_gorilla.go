// Go, github.com/gorilla/websocket. Words in and out as in lines.py.
package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

var mouth sync.Mutex

func say(words ...interface{}) {
	mouth.Lock()
	defer mouth.Unlock()
	fmt.Println(words...)
}

func connect(url, how, token string) *websocket.Conn {
	header := http.Header{}
	subprotocols := []string{"live.v1"}
	if how == "header" {
		header.Set("Authorization", "Bearer "+token)
	} else {
		subprotocols = append(subprotocols, "bearer."+token)
	}
	dialer := websocket.Dialer{Subprotocols: subprotocols, EnableCompression: true, HandshakeTimeout: 10 * time.Second}
	conn, _, err := dialer.Dial(url, header)
	if err != nil {
		say("failed", err)
		return nil
	}
	subprotocol := conn.Subprotocol()
	if subprotocol == "" {
		subprotocol = "-"
	}
	say("open", subprotocol)
	conn.SetPongHandler(func(string) error { say("pong"); return nil })
	go read(conn)
	return conn
}

func read(conn *websocket.Conn) {
	for {
		_, data, err := conn.ReadMessage()
		if err != nil {
			code := 1006
			if closed, ok := err.(*websocket.CloseError); ok {
				code = closed.Code
			}
			conn.Close()
			say("closed", code)
			return
		}
		say("text", string(data))
	}
}

func main() {
	var conn *websocket.Conn
	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		word, rest, _ := strings.Cut(scanner.Text(), " ")
		soon := time.Now().Add(5 * time.Second)
		switch word {
		case "connect":
			parts := strings.Fields(rest)
			conn = connect(parts[0], parts[1], parts[2])
		case "send":
			conn.WriteMessage(websocket.TextMessage, []byte(rest))
		case "ping":
			conn.WriteControl(websocket.PingMessage, []byte("are you there"), soon)
		case "close":
			conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), soon)
		}
	}
}
