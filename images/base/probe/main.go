// Command probe answers one question about the service beside it: is it healthy?
//
//	probe http URL
//	probe tcp ADDRESS
//	probe grpc ADDRESS [--service NAME] [--gitaly-token-file FILE]
//	probe redis ADDRESS [--password-file FILE]
//
// Every kind takes --timeout (default 3s). It exits 0 when healthy, 1 when not, 2 when called wrongly, and says why on stderr.
// Images carry no shell tricks for health, and no client programs they do not need.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

type options struct {
	service         string
	gitalyTokenFile string
	passwordFile    string
	timeout         time.Duration
}

var errUsage = errors.New("usage: probe http URL | tcp ADDRESS | grpc ADDRESS [--service NAME] [--gitaly-token-file FILE] | redis ADDRESS [--password-file FILE]  (each: [--timeout 3s])")

func main() {
	os.Exit(run(os.Args[1:], os.Stderr))
}

func run(args []string, stderr io.Writer) int {
	kind, target, opts, err := parse(args)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), opts.timeout)
		defer cancel()
		err = check(ctx, kind, target, opts)
	}
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "probe:", err)
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

// parse accepts flags before and after the target: a health command reads best with the target first.
func parse(args []string) (string, string, options, error) {
	var opts options
	if len(args) < 2 {
		return "", "", opts, errUsage
	}
	flags := flag.NewFlagSet("probe", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&opts.service, "service", "", "")
	flags.StringVar(&opts.gitalyTokenFile, "gitaly-token-file", "", "")
	flags.StringVar(&opts.passwordFile, "password-file", "", "")
	flags.DurationVar(&opts.timeout, "timeout", 3*time.Second, "")
	var targets []string
	for rest := args[1:]; len(rest) > 0; {
		if err := flags.Parse(rest); err != nil {
			return "", "", opts, fmt.Errorf("%w: %v", errUsage, err)
		}
		rest = flags.Args()
		if len(rest) > 0 {
			targets = append(targets, rest[0])
			rest = rest[1:]
		}
	}
	if len(targets) != 1 {
		return "", "", opts, errUsage
	}
	return args[0], targets[0], opts, nil
}

func check(ctx context.Context, kind, target string, opts options) error {
	switch kind {
	case "http":
		return checkHTTP(ctx, target)
	case "tcp":
		return checkTCP(ctx, target)
	case "grpc":
		token, err := secret(opts.gitalyTokenFile)
		if err != nil {
			return err
		}
		return checkGRPC(ctx, target, opts.service, token)
	case "redis":
		password, err := secret(opts.passwordFile)
		if err != nil {
			return err
		}
		return checkRedis(ctx, target, password)
	default:
		return fmt.Errorf("%w: unknown kind %q", errUsage, kind)
	}
}

// secret reads a secret from a file, without the newline an editor leaves at its end; no file, no secret.
func secret(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}
