// A handler that obeys the message's first word, so that a test can ask for what it wants to see.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

type message struct {
	MessageId  string
	RoomArn    string
	Content    string
	Attributes map[string]string
	Sender     struct {
		UserId     string
		Ip         string
		Attributes map[string]string
	}
}

type verdict struct {
	ReviewResult string            `json:"ReviewResult"`
	Content      string            `json:"Content,omitempty"`
	Attributes   map[string]string `json:"Attributes,omitempty"`
}

func review(ctx context.Context, asked message) (verdict, error) {
	word, rest, _ := strings.Cut(asked.Content, " ")
	switch word {
	case "deny":
		return verdict{ReviewResult: "DENY", Attributes: map[string]string{"Reason": rest}}, nil
	case "repeat":
		// Everything that the handler was told, as the message's text.
		told, err := json.Marshal(asked)
		return verdict{ReviewResult: "ALLOW", Content: string(told)}, err
	case "label":
		return verdict{ReviewResult: "ALLOW", Content: rest, Attributes: map[string]string{"label": "seen"}}, nil
	case "fail":
		return verdict{}, errors.New(rest)
	case "panic":
		panic(rest)
	case "exit":
		os.Exit(3)
	case "sleep":
		pause, err := time.ParseDuration(rest)
		if err != nil {
			return verdict{}, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return verdict{}, ctx.Err()
		}
	}
	return verdict{ReviewResult: "ALLOW", Content: asked.Content}, nil
}

func main() {
	lambda.Start(review)
}
