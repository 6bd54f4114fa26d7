// The official Go client: reads a plan (../plan.ts) as JSON from stdin, writes what a host sees as JSON to stdout. The argument is
// the version of the SDK, for the record.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type asked struct {
	Tool      string         `json:"tool"`
	Arguments map[string]any `json:"arguments"`
	URL       string         `json:"url"`
	Token     string         `json:"token"`
	Spend     bool           `json:"spend"`
}

type plan struct {
	Era       string                    `json:"era"`
	URL       string                    `json:"url"`
	Token     string                    `json:"token"`
	Arguments map[string]map[string]any `json:"arguments"`
	Resource  string                    `json:"resource"`
	Prompt    struct {
		Name      string            `json:"name"`
		Arguments map[string]string `json:"arguments"`
	} `json:"prompt"`
	Pages         asked            `json:"pages"`
	Progress      asked            `json:"progress"`
	Cancel        asked            `json:"cancel"`
	CancelAfterMs int              `json:"cancelAfterMs"`
	Refusals      map[string]asked `json:"refusals"`
}

type refusal struct {
	How  string          `json:"how"`
	Type string          `json:"type"`
	Text string          `json:"text"`
	Code int64           `json:"code,omitempty"`
	Data json.RawMessage `json:"data,omitempty"`
}

type bearer struct{ token string }

func (b bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+b.token)
	return http.DefaultTransport.RoundTrip(request)
}

var reported atomic.Int64

func connect(ctx context.Context, era, url, token string) (*mcp.ClientSession, error) {
	client := mcp.NewClient(&mcp.Implementation{Name: "interop", Version: "1"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(context.Context, *mcp.ProgressNotificationClientRequest) { reported.Add(1) },
	})
	transport := &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: bearer{token}}}
	return client.Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: era})
}

func call(ctx context.Context, session *mcp.ClientSession, it asked) (*mcp.CallToolResult, error) {
	return session.CallTool(ctx, &mcp.CallToolParams{Name: it.Tool, Arguments: it.Arguments})
}

func textOf(result *mcp.CallToolResult) string {
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			return text.Text
		}
	}
	return ""
}

func outcome(ctx context.Context, session *mcp.ClientSession, it asked) string {
	result, err := call(ctx, session, it)
	switch {
	case err != nil:
		return err.Error()
	case result.IsError:
		return "isError: " + textOf(result)
	}
	return "ok"
}

func pages(ctx context.Context, session *mcp.ClientSession, it asked) (int, error) {
	for count := 1; ; count++ {
		result, err := call(ctx, session, it)
		if err != nil {
			return 0, err
		}
		content, _ := result.StructuredContent.(map[string]any)
		cursor, more := content["cursor"]
		if !more || count == 100 {
			return count, nil
		}
		it.Arguments["cursor"] = cursor
	}
}

func refused(ctx context.Context, era string, it asked) refusal {
	session, err := connect(ctx, era, it.URL, it.Token)
	if err != nil {
		return thrown(err)
	}
	defer session.Close()
	if _, err = session.ListTools(ctx, nil); err == nil && it.Spend {
		_, err = call(ctx, session, it)
	}
	if err != nil {
		return thrown(err)
	}
	result, err := call(ctx, session, it)
	if err != nil {
		return thrown(err)
	}
	data, _ := json.Marshal(result.StructuredContent)
	if !result.IsError {
		return refusal{How: "served", Text: textOf(result)}
	}
	return refusal{How: "result", Text: textOf(result), Data: data}
}

func thrown(err error) refusal {
	seen := refusal{How: "exception", Type: "error", Text: err.Error()}
	var wire *jsonrpc.Error
	if errors.As(err, &wire) {
		seen.Type, seen.Code, seen.Data = "*jsonrpc.Error", wire.Code, wire.Data
	}
	return seen
}

func run(ctx context.Context) (map[string]any, error) {
	var p plan
	if err := json.NewDecoder(os.Stdin).Decode(&p); err != nil {
		return nil, err
	}
	session, err := connect(ctx, p.Era, p.URL, p.Token)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	listed, err := session.ListTools(ctx, nil)
	if err != nil {
		return nil, err
	}
	names, called := []string{}, map[string]string{}
	for _, tool := range listed.Tools {
		names = append(names, tool.Name)
		arguments := p.Arguments[tool.Name]
		if arguments == nil {
			arguments = map[string]any{}
		}
		called[tool.Name] = outcome(ctx, session, asked{Tool: tool.Name, Arguments: arguments})
	}
	following := &mcp.CallToolParams{Name: p.Progress.Tool, Arguments: p.Progress.Arguments}
	following.SetProgressToken("interop")
	if _, err = session.CallTool(ctx, following); err != nil {
		return nil, err
	}
	resources, err := session.ListResources(ctx, nil)
	if err != nil {
		return nil, err
	}
	read, err := session.ReadResource(ctx, &mcp.ReadResourceParams{URI: p.Resource})
	if err != nil {
		return nil, err
	}
	prompts, err := session.ListPrompts(ctx, nil)
	if err != nil {
		return nil, err
	}
	prompt, err := session.GetPrompt(ctx, &mcp.GetPromptParams{Name: p.Prompt.Name, Arguments: p.Prompt.Arguments})
	if err != nil {
		return nil, err
	}
	count, err := pages(ctx, session, p.Pages)
	if err != nil {
		return nil, err
	}
	givingUp, stop := context.WithTimeout(ctx, time.Duration(p.CancelAfterMs)*time.Millisecond)
	defer stop()
	started, cancelled := time.Now(), "served"
	if _, err = call(givingUp, session, p.Cancel); err != nil {
		cancelled = strings.TrimPrefix(fmt.Sprintf("%T", err), "*")
	}
	after := time.Since(started).Milliseconds()
	refusals := map[string]refusal{}
	for name, it := range p.Refusals {
		refusals[name] = refused(ctx, p.Era, it)
	}
	return map[string]any{
		"client": "go-sdk " + os.Args[1] + " (Go)", "era": session.InitializeResult().ProtocolVersion,
		"tools": names, "called": called,
		"resources": len(resources.Resources), "resourceCharacters": len(read.Contents[0].Text),
		"prompts": len(prompts.Prompts), "promptCharacters": len(prompt.Messages[0].Content.(*mcp.TextContent).Text),
		"pages": count, "progress": reported.Load(), "cancelled": cancelled, "cancelledAfterMs": after, "refusals": refusals,
	}, nil
}

func main() {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	seen, err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err = json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		os.Exit(1)
	}
}
