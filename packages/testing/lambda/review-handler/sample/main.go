// The sample handler of the guide's chapter "Chat Message Review Handler", written again: it lets every message pass
// with a few words added, and says nothing of the attributes, which means that they stay as they are.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

// message is what a handler is asked about.
type message struct {
	MessageId  string
	RoomArn    string
	Content    string
	Attributes map[string]string
	Sender     sender
}

type sender struct {
	UserId     string
	Ip         string
	Attributes map[string]string
}

// verdict is the answer. The map is never filled, so it goes out as "Attributes": null.
type verdict struct {
	ReviewResult string
	Content      string
	Attributes   map[string]string
}

func review(_ context.Context, asked message) (verdict, error) {
	return verdict{ReviewResult: "ALLOW", Content: asked.Content + "modified by the lambda handler"}, nil
}

func main() {
	lambda.Start(review)
}
