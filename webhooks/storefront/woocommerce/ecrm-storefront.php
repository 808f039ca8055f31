<?php
/**
 * Plugin Name: eCRM storefront
 * Description: Puts eCRM's slots (buy again, goes well with it, popular, messages, …) into the shop's pages.
 * Version: 1.1.0
 * Requires at least: 5.7
 * Requires PHP: 7.4
 * License: MIT
 *
 * Beside this file stand ecrm-storefront.js and customer_token.php. Settings are constants in wp-config.php, so that no secret stands in the
 * database or in a page:
 *   define( 'ECRM_SCRIPT', 'https://api.acme.test/widget.js' );
 *   define( 'ECRM_KEY', 'pk_acme_…' );                // may be seen by everybody; tk_acme_… while the theme is being made
 *   define( 'ECRM_IDENTITY_SECRET', 'ik_acme_…' );    // the server's alone
 *   define( 'ECRM_INTEGRITY', 'sha384-…' );           // where the script's address has a version in it
 *
 * Page caches may keep every page: who she is, the script asks at an address that is never cached; where to ask stands in
 * pages made for somebody who is logged in, so that guests cost no call. Cart ids stand only in pages that WooCommerce
 * itself keeps out of caches, in its answers to its own buttons, and in an answer of ours that is never cached. Consent is taken from the WP Consent API, which most
 * cookie banners speak (Complianz, CookieYes, Cookiebot, …).
 */

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/customer_token.php';

add_action( 'wp_head', 'ecrm_print_script' );
add_action( 'wp_ajax_ecrm_token', 'ecrm_answer_token' );
add_action( 'wp_ajax_nopriv_ecrm_token', 'ecrm_answer_token' );
add_action( 'wp_ajax_ecrm_cart', 'ecrm_answer_cart' );
add_action( 'wp_ajax_nopriv_ecrm_cart', 'ecrm_answer_cart' );
add_action( 'admin_notices', 'ecrm_say_what_is_missing' );
add_action( 'init', 'ecrm_place_slots' );
add_filter( 'woocommerce_add_to_cart_fragments', 'ecrm_tell_cart' );
add_shortcode( 'ecrm_slot', 'ecrm_slot' );

/**
 * The script's tag, once per page. The attributes at its end ask optimisers to leave it as it is (LiteSpeed, Cloudflare,
 * WP Rocket): put into a bundle it would lose its own attributes.
 */
function ecrm_print_script() {
	if ( ! ecrm_setting( 'ECRM_SCRIPT' ) || ! ecrm_setting( 'ECRM_KEY' ) ) {
		return;
	}
	$attributes = array(
		'type'             => 'module',
		'src'              => esc_url_raw( ecrm_setting( 'ECRM_SCRIPT' ) ),
		'data-key'         => ecrm_setting( 'ECRM_KEY' ),
		'data-no-optimize' => '1',
		'data-cfasync'     => 'false',
		'nowprocket'       => true,
	);
	if ( ecrm_setting( 'ECRM_INTEGRITY' ) ) {
		$attributes['integrity']   = ecrm_setting( 'ECRM_INTEGRITY' );
		$attributes['crossorigin'] = 'anonymous';
	}
	foreach ( array_filter( ecrm_here() + array( 'cart' => ecrm_bought_ids() ) ) as $name => $value ) {
		$attributes[ 'data-' . $name ] = $value;
	}
	if ( is_user_logged_in() ) {
		$attributes['data-token-url'] = ecrm_address( 'ecrm_token' );
	}
	/** Whatever else the script should be told, such as `data-consent` where no banner is needed. */
	wp_print_script_tag( apply_filters( 'ecrm_script_attributes', $attributes ) );
	wp_enqueue_script( 'ecrm-storefront', plugins_url( 'ecrm-storefront.js', __FILE__ ), array(), '1.1.0', true );
	wp_localize_script( 'ecrm-storefront', 'ecrmStorefront', array( 'cart' => ecrm_address( 'ecrm_cart' ) ) );
}

/**
 * @param string $action What to ask admin-ajax.php for.
 * @return string Its address, without the host: the shop may have several.
 */
function ecrm_address( $action ) {
	return wp_make_link_relative( admin_url( 'admin-ajax.php?action=' . $action ) );
}

/**
 * Who is logged in, as a token; null for a guest.
 *
 * By admin-ajax.php and not by the REST API: there a login counts only with a nonce, which would have to stand in the page
 * and grows old in a page cache, because it allows every origin to read its answers. admin-ajax.php allows only the shop's
 * own, so that no other site can read a token in her browser.
 */
function ecrm_answer_token() {
	ecrm_answer_own_pages();
	$secret = ecrm_setting( 'ECRM_IDENTITY_SECRET' );
	$user   = get_current_user_id();
	try {
		wp_send_json( array( 'token' => $user && $secret ? ecrm_customer_token( $secret, (string) $user ) : null ) );
	} catch ( InvalidArgumentException $error ) {
		wp_send_json( array( 'error' => 'ECRM_IDENTITY_SECRET is not an identity secret' ), 500 );
	}
}

/**
 * What is in the cart, as `{"cart":"44,45"}`, for buttons and blocks whose own answer does not say it. Not by WooCommerce's
 * Store API: that names the variation, where the slots go by the product.
 */
function ecrm_answer_cart() {
	ecrm_answer_own_pages();
	wp_send_json( array( 'cart' => function_exists( 'WC' ) ? ecrm_cart_ids() : '' ) );
}

/**
 * Keeps an answer about one visitor out of caches and from other sites' pages.
 */
function ecrm_answer_own_pages() {
	add_filter( 'nocache_headers', 'ecrm_no_store' );
	nocache_headers();
	do_action( 'litespeed_control_set_nocache', 'eCRM: about one visitor' );
	$site = isset( $_SERVER['HTTP_SEC_FETCH_SITE'] ) ? sanitize_key( wp_unslash( $_SERVER['HTTP_SEC_FETCH_SITE'] ) ) : '';
	if ( '' !== $site && 'same-origin' !== $site ) {
		wp_send_json( array( 'error' => 'only for pages of this shop' ), 403 );
	}
}

/**
 * By the filter, because WordPress sends its own, weaker words once more when it ends an answer.
 *
 * @param array<string, string> $headers Those that keep an answer out of caches.
 * @return array<string, string>
 */
function ecrm_no_store( $headers ) {
	return array_merge( $headers, array( 'Cache-Control' => 'no-store, private' ) );
}

/**
 * A slot: `[ecrm_slot name="popular" limit="4"]`, or `echo ecrm_slot( array( 'name' => 'popular' ) )` in a template. What
 * stands between `[ecrm_slot]` and `[/ecrm_slot]` stands there while, and where, nothing has been found.
 *
 * @param array|string $wanted   Its attributes.
 * @param string|null  $fallback HTML.
 * @return string HTML
 */
function ecrm_slot( $wanted = array(), $fallback = '' ) {
	$known = array( 'name', 'page', 'product', 'cart', 'category', 'country', 'language', 'pictures', 'limit', 'layout', 'heading' );
	$told  = array_merge( array( 'name' => 'popular', 'cart' => ecrm_bought_ids() ), (array) $wanted );
	$html  = '<ecrm-slot';
	foreach ( $known as $name ) {
		if ( isset( $told[ $name ] ) && '' !== (string) $told[ $name ] ) {
			$html .= ' ' . $name . '="' . esc_attr( $told[ $name ] ) . '"';
		}
	}
	// Paragraphs that WordPress has cut in two around the shortcode.
	$fallback = preg_replace( '#^\s*</p>|<p>\s*$#', '', (string) $fallback );
	return $html . '>' . wp_kses_post( do_shortcode( $fallback ) ) . '</ecrm-slot>';
}

/**
 * What a page says of itself, the same for every visitor.
 *
 * @return array<string, string>
 */
function ecrm_here() {
	if ( is_front_page() ) {
		return array( 'page' => 'home' );
	}
	if ( is_search() ) {
		return array( 'page' => 'search' );
	}
	if ( ! function_exists( 'is_product' ) ) {
		return array( 'page' => 'other' );
	}
	if ( is_product() ) {
		return array( 'page' => 'product', 'product' => (string) get_queried_object_id() );
	}
	if ( is_product_category() ) {
		// A category is known by its name, as the product webhooks say it.
		return array( 'page' => 'category', 'category' => wp_specialchars_decode( get_queried_object()->name, ENT_QUOTES ) );
	}
	if ( is_order_received_page() ) {
		return array( 'page' => 'confirmation' );
	}
	return array( 'page' => is_cart() || is_checkout() ? 'cart' : 'other' );
}

/**
 * What is in the cart, or was just bought; only in pages that no cache keeps.
 *
 * @return string
 */
function ecrm_bought_ids() {
	if ( ! function_exists( 'is_cart' ) ) {
		return '';
	}
	if ( is_order_received_page() ) {
		return ecrm_ordered_ids();
	}
	return is_cart() || is_checkout() ? ecrm_cart_ids() : '';
}

/**
 * Products in the cart, at most 20: the product's id, never the variation's.
 *
 * @return string
 */
function ecrm_cart_ids() {
	$lines = WC()->cart ? WC()->cart->get_cart() : array();
	return ecrm_ids( wp_list_pluck( $lines, 'product_id' ) );
}

/**
 * Says what is in the cart beside what WooCommerce answers after its buttons changed it; ecrm-storefront.js hears it there.
 *
 * @param array<string, string> $fragments By selector: what is to be drawn anew. No page has an element of this name.
 * @return array<string, string>
 */
function ecrm_tell_cart( $fragments ) {
	return array_merge( (array) $fragments, array( 'ecrm-cart' => ecrm_cart_ids() ) );
}

/**
 * Products of the order that was just placed. WooCommerce shows the page only to who knows the order's key.
 *
 * @return string
 */
function ecrm_ordered_ids() {
	$order = wc_get_order( absint( get_query_var( 'order-received' ) ) );
	$key   = isset( $_GET['key'] ) ? wc_clean( wp_unslash( $_GET['key'] ) ) : ''; // phpcs:ignore WordPress.Security.NonceVerification
	if ( ! $order || ! is_string( $key ) || ! hash_equals( $order->get_order_key(), $key ) ) {
		return '';
	}
	$ids = array();
	foreach ( $order->get_items() as $item ) {
		$ids[] = $item->get_product_id();
	}
	return ecrm_ids( $ids );
}

/**
 * @param int[] $ids Product ids.
 * @return string
 */
function ecrm_ids( $ids ) {
	return implode( ',', array_slice( array_unique( array_filter( array_map( 'absint', $ids ) ) ), 0, 20 ) );
}

/**
 * Puts slots where a shop usually wants them. WooCommerce's classic cart redraws its form after every change, so a slot
 * inside it always knows the cart as it stands. The cart block has no hooks: there it stands behind the block.
 */
function ecrm_place_slots() {
	$places = array(
		'woocommerce_after_single_product_summary' => array( 'goes-with' ),
		'woocommerce_after_cart_table'             => array( 'goes-with' ),
		'render_block_woocommerce/cart'            => array( 'goes-with' ),
		'woocommerce_thankyou'                     => array( 'goes-with' ),
		'woocommerce_account_dashboard'            => array( 'messages', 'buy-again', 'replenish' ),
	);
	/** Hook => names of slots. An empty array: only shortcodes. */
	foreach ( apply_filters( 'ecrm_places', $places ) as $hook => $names ) {
		$html = function () use ( $names ) {
			return implode( '', array_map( 'ecrm_slot_named', $names ) );
		};
		if ( 0 === strpos( $hook, 'render_block' ) ) {
			add_filter( $hook, function ( $block ) use ( $html ) {
				return $block . $html();
			} );
		} else {
			add_action( $hook, function () use ( $html ) {
				echo $html(); // phpcs:ignore WordPress.Security.EscapeOutput -- every attribute was escaped.
			}, 15 );
		}
	}
}

/**
 * @param string $name A slot's.
 * @return string HTML
 */
function ecrm_slot_named( $name ) {
	return ecrm_slot( array( 'name' => $name ) );
}

/**
 * @param string $name A constant of wp-config.php.
 * @return string '' where it is not defined.
 */
function ecrm_setting( $name ) {
	return defined( $name ) ? (string) constant( $name ) : '';
}

/**
 * Tells the shop's administrators, and nobody else, what has not been set.
 */
function ecrm_say_what_is_missing() {
	if ( ! current_user_can( 'activate_plugins' ) ) {
		return;
	}
	$missing = array_filter( array( 'ECRM_SCRIPT', 'ECRM_KEY', 'ECRM_IDENTITY_SECRET' ), function ( $name ) {
		return '' === ecrm_setting( $name );
	} );
	if ( $missing ) {
		$text = 'eCRM storefront: set ' . implode( ', ', $missing ) . ' in wp-config.php.';
		echo '<div class="notice notice-warning"><p>' . esc_html( $text ) . '</p></div>';
	}
}
