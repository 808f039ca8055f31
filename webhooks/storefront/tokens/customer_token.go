// Package ecrm makes customer tokens: what a shop's server says of who is logged in there. Needs nothing but Go 1.18.
package ecrm

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
)

type claims struct {
	Iss string `json:"iss"`
	Sub string `json:"sub"`
	Exp int64  `json:"exp"`
	Aud string `json:"aud"`
}

// CustomerToken is the token of the customer with this platform id. The secret is the shop's identity secret,
// ik_<shop>_…; expires is at most 15 minutes away: time.Now().Add(10 * time.Minute).
func CustomerToken(secret, customer string, expires time.Time) (string, error) {
	parts := strings.Split(secret, "_")
	if len(parts) != 3 || parts[0] != "ik" {
		return "", errors.New("the secret must be the shop's identity secret, ik_<shop>_…")
	}
	if customer == "" {
		return "", errors.New("the customer's id must not be empty")
	}
	told, err := ascii(claims{parts[1], customer, expires.Unix(), "ecrm"})
	if err != nil {
		return "", err
	}
	signed := text64([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + text64(told)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + text64(mac.Sum(nil)), nil
}

func text64(data []byte) string {
	return base64.RawURLEncoding.EncodeToString(data)
}

// ascii is JSON in which every letter beyond ASCII is written \uXXXX, as the other languages do.
func ascii(value any) ([]byte, error) {
	var plain, told bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	for _, letter := range strings.TrimSuffix(plain.String(), "\n") {
		if letter < 0x80 {
			told.WriteRune(letter)
			continue
		}
		for _, unit := range utf16.Encode([]rune{letter}) {
			fmt.Fprintf(&told, `\u%04x`, unit)
		}
	}
	return told.Bytes(), nil
}
