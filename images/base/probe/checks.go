package main

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func checkHTTP(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("%w: %v", errUsage, err)
	}
	// No proxy from the environment and no redirects: the service beside us must answer by itself.
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 200))
		return fmt.Errorf("%s answered %s: %s", url, response.Status, strings.TrimSpace(string(body)))
	}
	return nil
}

func checkTCP(ctx context.Context, address string) error {
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return connection.Close()
}

// checkGRPC asks the standard health service, over HTTP/2 without TLS. The two messages are one field each, so they are written by
// hand rather than bringing a gRPC library of 10 MB into every image.
func checkGRPC(ctx context.Context, address, service, gitalyToken string) error {
	message := []byte{}
	if service != "" {
		message = append(binary.AppendUvarint([]byte{1<<3 | 2}, uint64(len(service))), service...)
	}
	frame := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/grpc.health.v1.Health/Check", strings.NewReader(string(frame)))
	if err != nil {
		return fmt.Errorf("%w: %v", errUsage, err)
	}
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("TE", "trailers")
	if gitalyToken != "" {
		request.Header.Set("Authorization", "Bearer "+gitalyAuthorization(gitalyToken, time.Now()))
	}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols, DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", address, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err != nil {
		return err
	}
	return grpcVerdict(response, body)
}

func grpcVerdict(response *http.Response, body []byte) error {
	// Trailers come after the body, except when there is none: then they are the headers.
	status := response.Trailer.Get("Grpc-Status")
	reason := response.Trailer.Get("Grpc-Message")
	if status == "" {
		status, reason = response.Header.Get("Grpc-Status"), response.Header.Get("Grpc-Message")
	}
	if status != "0" {
		return fmt.Errorf("grpc status %s: %s", status, reason)
	}
	if len(body) < 5 || body[0] != 0 || int(binary.BigEndian.Uint32(body[1:5])) != len(body)-5 {
		return errors.New("the answer is not one uncompressed grpc message")
	}
	serving, err := healthStatus(body[5:])
	if err != nil {
		return err
	}
	if serving != 1 {
		return fmt.Errorf("not serving (health status %d)", serving)
	}
	return nil
}

// healthStatus reads field 1, a varint, of grpc.health.v1.HealthCheckResponse; an absent field is 0, UNKNOWN.
func healthStatus(message []byte) (uint64, error) {
	if len(message) == 0 {
		return 0, nil
	}
	if message[0] != 1<<3 {
		return 0, errors.New("the answer is not a health status")
	}
	status, size := binary.Uvarint(message[1:])
	if size <= 0 {
		return 0, errors.New("the health status is cut off")
	}
	return status, nil
}

// gitalyAuthorization is Gitaly's second token form: it proves the shared token without sending it, for a short while only.
func gitalyAuthorization(token string, now time.Time) string {
	issued := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte(issued))
	return "v2." + hex.EncodeToString(mac.Sum(nil)) + "." + issued
}

func checkRedis(ctx context.Context, address, password string) error {
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer connection.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := connection.SetDeadline(deadline); err != nil {
			return err
		}
	}
	reader := bufio.NewReader(connection)
	if password != "" {
		// Length-prefixed form: a password may hold any byte.
		if _, err := fmt.Fprintf(connection, "*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n", len(password), password); err != nil {
			return err
		}
		if err := expectLine(reader, "+OK"); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(connection, "*1\r\n$4\r\nPING\r\n"); err != nil {
		return err
	}
	return expectLine(reader, "+PONG")
}

func expectLine(reader *bufio.Reader, wanted string) error {
	line, err := reader.ReadString('\n')
	if err != nil {
		return err
	}
	if got := strings.TrimRight(line, "\r\n"); got != wanted {
		return fmt.Errorf("answered %q, expected %q", got, wanted)
	}
	return nil
}
