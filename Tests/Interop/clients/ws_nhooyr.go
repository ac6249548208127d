// Go, nhooyr.io/websocket. Words in and out as in lines.py.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	"nhooyr.io/websocket"
)

var mouth sync.Mutex

func say(words ...interface{}) {
	mouth.Lock()
	defer mouth.Unlock()
	fmt.Println(words...)
}

func connect(url, how, token string) *websocket.Conn {
	options := &websocket.DialOptions{Subprotocols: []string{"live.v1"}, HTTPHeader: http.Header{}}
	if how == "header" {
		options.HTTPHeader.Set("Authorization", "Bearer "+token)
	} else {
		options.Subprotocols = append(options.Subprotocols, "bearer."+token)
	}
	conn, _, err := websocket.Dial(context.Background(), url, options)
	if err != nil {
		say("failed", err)
		return nil
	}
	conn.SetReadLimit(1 << 24)
	subprotocol := conn.Subprotocol()
	if subprotocol == "" {
		subprotocol = "-"
	}
	say("open", subprotocol)
	go read(conn)
	return conn
}

func read(conn *websocket.Conn) {
	for {
		_, data, err := conn.Read(context.Background())
		if err != nil {
			code := int(websocket.CloseStatus(err))
			if code < 0 {
				code = 1006
			}
			conn.Close(websocket.StatusNormalClosure, "")
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
		switch word {
		case "connect":
			parts := strings.Fields(rest)
			conn = connect(parts[0], parts[1], parts[2])
		case "send":
			conn.Write(context.Background(), websocket.MessageText, []byte(rest))
		case "ping":
			go func(conn *websocket.Conn) {
				if conn.Ping(context.Background()) == nil {
					say("pong")
				}
			}(conn)
		case "close":
			go conn.Close(websocket.StatusNormalClosure, "")
		}
	}
}
