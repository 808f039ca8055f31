# frozen_string_literal: true

# Customer token: what a shop's server says of who is logged in there. Needs nothing but Ruby 2.7.
require "json"
require "openssl"

module Ecrm
  # The token of the customer with this platform id. `secret`: the shop's identity secret, ik_<shop>_…; `expires`: Unix
  # seconds, at most 15 minutes away (in ten minutes, if not said). Raises ArgumentError.
  def self.customer_token(secret, customer, expires = Time.now.to_i + 600)
    kind, shop, *rest = secret.split("_")
    raise ArgumentError, "the secret must be the shop's identity secret, ik_<shop>_…" unless kind == "ik" && rest.size == 1
    raise ArgumentError, "the customer's id must be a text that is not empty" unless customer.is_a?(String) && customer != ""

    claims = JSON.generate({ iss: shop, sub: customer, exp: expires, aud: "ecrm" }, ascii_only: true)
    signed = "#{text64('{"alg":"HS256","typ":"JWT"}')}.#{text64(claims)}"
    "#{signed}.#{text64(OpenSSL::HMAC.digest('SHA256', secret, signed))}"
  end

  def self.text64(data)
    [data].pack("m0").tr("+/", "-_").delete("=")
  end
  private_class_method :text64
end
