package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func probe(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var stderr bytes.Buffer
	code := run(args, &stderr)
	return code, stderr.String()
}

func expect(t *testing.T, wanted, code int, stderr string) {
	t.Helper()
	if code != wanted {
		t.Fatalf("exit %d, expected %d; said: %s", code, wanted, stderr)
	}
}

func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func secretFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(text), 0o400); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestHTTPFollowsTheStatus(t *testing.T) {
	for status, wanted := range map[int]int{200: 0, 204: 0, 301: 1, 401: 1, 503: 1} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		code, stderr := probe(t, "http", server.URL)
		expect(t, wanted, code, stderr)
		server.Close()
	}
}

func TestHTTPIgnoresAProxyOfTheEnvironment(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	t.Setenv("HTTP_PROXY", "http://"+closedAddress(t))
	code, stderr := probe(t, "http", server.URL)
	expect(t, 0, code, stderr)
}

func TestHTTPGivesUpAfterItsTimeout(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	started := time.Now()
	code, stderr := probe(t, "http", server.URL, "--timeout", "100ms")
	expect(t, 1, code, stderr)
	if time.Since(started) > 2*time.Second {
		t.Fatal("the timeout was not kept")
	}
}

func TestTCPNeedsAListener(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	code, stderr := probe(t, "tcp", listener.Addr().String())
	expect(t, 0, code, stderr)
	code, stderr = probe(t, "tcp", closedAddress(t))
	expect(t, 1, code, stderr)
}

func TestWrongCallsExitTwo(t *testing.T) {
	for _, args := range [][]string{{}, {"http"}, {"ftp", "x"}, {"tcp", "a", "b"}, {"tcp", "a", "--nope"}} {
		code, stderr := probe(t, args...)
		expect(t, 2, code, stderr)
	}
}

// grpcServer answers as a gRPC health server does: HTTP/2 without TLS, status in the trailers.
func grpcServer(t *testing.T, answer func(service, authorization string) (health byte, grpcStatus string)) string {
	t.Helper()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 || r.URL.Path != "/grpc.health.v1.Health/Check" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		frame, _ := io.ReadAll(r.Body)
		service := ""
		if len(frame) > 7 {
			service = string(frame[7:])
		}
		if int(binary.BigEndian.Uint32(frame[1:5])) != len(frame)-5 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		health, status := answer(service, r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status, Grpc-Message")
		if status == "0" {
			_, _ = w.Write([]byte{0, 0, 0, 0, 2, 1 << 3, health})
		}
		w.Header().Set("Grpc-Status", status)
		w.Header().Set("Grpc-Message", "as told")
	})
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestGRPCIsHealthyOnlyWhenServing(t *testing.T) {
	for health, wanted := range map[byte]int{0: 1, 1: 0, 2: 1, 3: 1} {
		address := grpcServer(t, func(string, string) (byte, string) { return health, "0" })
		code, stderr := probe(t, "grpc", address)
		expect(t, wanted, code, stderr)
	}
}

func TestGRPCFailsOnAnErrorStatus(t *testing.T) {
	address := grpcServer(t, func(string, string) (byte, string) { return 1, "16" })
	code, stderr := probe(t, "grpc", address)
	expect(t, 1, code, stderr)
	if !strings.Contains(stderr, "grpc status 16: as told") {
		t.Fatalf("the reason is missing: %s", stderr)
	}
}

func TestGRPCAsksForTheNamedService(t *testing.T) {
	asked := ""
	address := grpcServer(t, func(service, _ string) (byte, string) { asked = service; return 1, "0" })
	code, stderr := probe(t, "grpc", address, "--service", "temporal.api.workflowservice.v1.WorkflowService")
	expect(t, 0, code, stderr)
	if asked != "temporal.api.workflowservice.v1.WorkflowService" {
		t.Fatalf("asked for %q", asked)
	}
}

func TestGRPCProvesTheGitalyTokenWithoutSendingIt(t *testing.T) {
	got := ""
	address := grpcServer(t, func(_, authorization string) (byte, string) { got = authorization; return 1, "0" })
	code, stderr := probe(t, "grpc", address, "--gitaly-token-file", secretFile(t, "geheim\n"))
	expect(t, 0, code, stderr)
	parts := strings.Split(strings.TrimPrefix(got, "Bearer "), ".")
	if len(parts) != 3 || parts[0] != "v2" || len(parts[1]) != 64 || strings.Contains(got, "geheim") {
		t.Fatalf("authorization %q", got)
	}
}

func TestGitalyTokenForm(t *testing.T) {
	// printf 1700000000 | openssl dgst -sha256 -hmac token
	wanted := "v2.f3615694984aa06875a9f8faec700a5360a09fbf425d0d15855f609a2035e32a.1700000000"
	if got := gitalyAuthorization("token", time.Unix(1700000000, 0)); got != wanted {
		t.Fatalf("%s, expected %s", got, wanted)
	}
}

// redisServer answers AUTH and PING as Redis does.
func redisServer(t *testing.T, password string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			serveRedis(connection, password)
		}
	}()
	return listener.Addr().String()
}

func serveRedis(connection net.Conn, password string) {
	defer connection.Close()
	reader := bufio.NewReader(connection)
	open := password == ""
	for {
		words, err := readRedisCommand(reader)
		if err != nil {
			return
		}
		switch {
		case words[0] == "AUTH" && words[1] == password:
			open = true
			_, _ = io.WriteString(connection, "+OK\r\n")
		case words[0] == "AUTH":
			_, _ = io.WriteString(connection, "-WRONGPASS invalid\r\n")
		case !open:
			_, _ = io.WriteString(connection, "-NOAUTH Authentication required.\r\n")
		default:
			_, _ = io.WriteString(connection, "+PONG\r\n")
		}
	}
}

func readRedisCommand(reader *bufio.Reader) ([]string, error) {
	line, err := reader.ReadString('\n')
	if err != nil {
		return nil, err
	}
	words := make([]string, line[1]-'0')
	for i := range words {
		if _, err := reader.ReadString('\n'); err != nil {
			return nil, err
		}
		word, err := reader.ReadString('\n')
		if err != nil {
			return nil, err
		}
		words[i] = strings.TrimSuffix(word, "\r\n")
	}
	return words, nil
}

func TestRedisWithAndWithoutPassword(t *testing.T) {
	open, locked := redisServer(t, ""), redisServer(t, "ab $c")
	code, stderr := probe(t, "redis", open)
	expect(t, 0, code, stderr)
	code, stderr = probe(t, "redis", locked, "--password-file", secretFile(t, "ab $c\n"))
	expect(t, 0, code, stderr)
	code, stderr = probe(t, "redis", locked)
	expect(t, 1, code, stderr)
	code, stderr = probe(t, "redis", locked, "--password-file", secretFile(t, "wrong"))
	expect(t, 1, code, stderr)
	if strings.Contains(stderr, "wrong") {
		t.Fatalf("the password was printed: %s", stderr)
	}
}

func TestAMissingSecretFileIsNotHealthy(t *testing.T) {
	code, stderr := probe(t, "redis", redisServer(t, ""), "--password-file", "/nonexistent")
	expect(t, 1, code, stderr)
}
