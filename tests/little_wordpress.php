<?php
/**
 * As much of WordPress and WooCommerce as the plugin touches, behaving as 6.1 was seen to: above all, wp_send_json ends in
 * nocache_headers(), which sends its own Cache-Control once more.
 */

const ABSPATH = __DIR__;
$GLOBALS['hooks'] = array();
$GLOBALS['sent']  = array();
$GLOBALS['scene'] = json_decode( getenv( 'SCENE' ), true );

function scene( $name ) { return $GLOBALS['scene'][ $name ] ?? false; }
foreach ( scene( 'settings' ) as $name => $value ) { define( $name, $value ); }

function add_filter( $hook, $call, $priority = 10 ) { $GLOBALS['hooks'][ $hook ][] = $call; }
function add_action( $hook, $call, $priority = 10 ) { add_filter( $hook, $call ); }
function add_shortcode( $name, $call ) { add_filter( "[$name]", $call ); }
function apply_filters( $hook, $value ) {
	foreach ( $GLOBALS['hooks'][ $hook ] ?? array() as $call ) { $value = $call( $value ); }
	return $value;
}
function do_action( $hook ) { foreach ( $GLOBALS['hooks'][ $hook ] ?? array() as $call ) { $call(); } }

function nocache_headers() {
	$usual = array( 'Expires' => 'Wed, 11 Jan 1984 05:00:00 GMT', 'Cache-Control' => 'no-cache, must-revalidate, max-age=0' );
	$GLOBALS['sent'] = array_merge( $GLOBALS['sent'], apply_filters( 'nocache_headers', $usual ) );
}
function wp_send_json( $answer, $status = 200 ) {
	nocache_headers();
	echo json_encode( array( 'status' => $status, 'headers' => $GLOBALS['sent'], 'body' => $answer ) );
	exit;
}

function esc_attr( $text ) { return htmlspecialchars( (string) $text, ENT_QUOTES ); }
function esc_html( $text ) { return esc_attr( $text ); }
function esc_url_raw( $url ) { return $url; }
function wp_kses_post( $html ) { return preg_replace( '#</?script[^>]*>#i', '', $html ); }
function sanitize_key( $text ) { return preg_replace( '/[^a-z0-9_\-]/', '', strtolower( $text ) ); }
function wp_unslash( $text ) { return stripslashes( $text ); }
function wc_clean( $text ) { return trim( strip_tags( $text ) ); }
function wp_specialchars_decode( $text, $quotes ) { return htmlspecialchars_decode( $text, $quotes ); }
function absint( $value ) { return abs( (int) $value ); }
function do_shortcode( $text ) { return $text; }
function wp_list_pluck( $rows, $name ) { return array_column( $rows, $name ); }
function admin_url( $path ) { return "https://acme.test/wp-admin/$path"; }
function wp_make_link_relative( $url ) { return preg_replace( '#^https?://[^/]+#', '', $url ); }
function plugins_url( $name, $file ) { return "/wp-content/plugins/ecrm-storefront/$name"; }
function wp_enqueue_script( $handle, $url ) { echo "<script src=\"$url\"></script>\n"; }
function wp_localize_script( $handle, $name, $data ) { echo "<script>var $name = " . json_encode( $data ) . ";</script>\n"; }
function wp_print_script_tag( $attributes ) {
	echo '<script';
	foreach ( $attributes as $name => $value ) { echo true === $value ? " $name" : " $name=\"" . esc_attr( $value ) . '"'; }
	echo "></script>\n";
}

function get_current_user_id() { return (int) scene( 'user' ); }
function is_user_logged_in() { return (bool) scene( 'user' ); }
function current_user_can( $right ) { return (bool) scene( 'administrator' ); }
function is_front_page() { return 'home' === scene( 'page' ); }
function is_search() { return 'search' === scene( 'page' ); }
function is_product() { return 'product' === scene( 'page' ); }
function is_product_category() { return 'category' === scene( 'page' ); }
function is_cart() { return 'cart' === scene( 'page' ); }
function is_checkout() { return in_array( scene( 'page' ), array( 'checkout', 'confirmation' ), true ); }
function is_order_received_page() { return 'confirmation' === scene( 'page' ); }
function get_queried_object_id() { return 44; }
function get_queried_object() { return (object) array( 'name' => 'Bath &amp; Body' ); }
function get_query_var( $name ) { return scene( 'order' ); }
function WC() { return (object) array( 'cart' => new Cart() ); }
function wc_get_order( $id ) { return 1001 === $id ? new Order() : false; }

class Cart {
	public function get_cart() {
		return array_map( fn( $id ) => array( 'product_id' => $id, 'variation_id' => $id + 900 ), scene( 'cart' ) ?: array() );
	}
}
class Order {
	public function get_order_key() { return 'wc_order_abc'; }
	public function get_items() { return array( new Item( 7 ), new Item( 8 ), new Item( 7 ) ); }
}
class Item {
	private $id;
	public function __construct( $id ) { $this->id = $id; }
	public function get_product_id() { return $this->id; }
}
