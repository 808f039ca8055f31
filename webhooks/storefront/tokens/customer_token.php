<?php
/**
 * Customer token: what a shop's server says of who is logged in there. Needs nothing but PHP 7.4.
 */

if (! function_exists('ecrm_customer_token')) {
    /**
     * The token of the customer with this platform id.
     *
     * @param string   $secret   The shop's identity secret, ik_<shop>_…
     * @param string   $customer The platform's own id of the customer, as text.
     * @param int|null $expires  Unix seconds, at most 15 minutes away; in ten minutes, if not said.
     * @throws InvalidArgumentException Where the secret is another key, or there is no id.
     */
    function ecrm_customer_token(string $secret, string $customer, ?int $expires = null): string
    {
        $parts = explode('_', $secret);
        if (count($parts) !== 3 || $parts[0] !== 'ik') {
            throw new InvalidArgumentException("the secret must be the shop's identity secret, ik_<shop>_…");
        }
        if ($customer === '') {
            throw new InvalidArgumentException("the customer's id must not be empty");
        }
        $claims = ['iss' => $parts[1], 'sub' => $customer, 'exp' => $expires ?? time() + 600, 'aud' => 'ecrm'];
        $signed = ecrm_text64('{"alg":"HS256","typ":"JWT"}') . '.'
            . ecrm_text64(json_encode($claims, JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR));
        return $signed . '.' . ecrm_text64(hash_hmac('sha256', $signed, $secret, true));
    }

    function ecrm_text64(string $data): string
    {
        return rtrim(strtr(base64_encode($data), '+/', '-_'), '=');
    }
}
