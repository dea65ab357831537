@rest
Feature: Requests that make no sense
  Never a 500, never a hang; whatever could be understood in two ways is refused, and the connection closed.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 5

  Scenario Outline: Addresses and methods that are none
    When somebody asks <request>
    Then it is answered <status>

    Examples:
      | request                                     | status |
      | GET /v1/nothing                             | 404    |
      | GET /v1/products/no-such-thing              | 404    |
      | DELETE /v1/products                         | 405    |
      | POST /v1/products/shirt/inventory           | 405    |
      | GET /v1/orders                              | 401    |
      | GET /v1/orders/01aaaaaaaaaaaaaaaaaaaaaaaa   | 404    |
      | GET /v1/carts/../../etc/passwd              | 404    |
      | GET /v1/carts/%00                           | 400    |
      | GET /v1/products?limit=1&limit=2            | 400    |
      | GET /v1/products?q=%ff                      | 400    |

  Scenario: A token that is none
    When somebody asks for the orders with the token "wrong-token-that-is-long-enough-to-be-one"
    Then it is answered 401

  Scenario Outline: Framing that is ambiguous
    When these lines are sent, and "<body>": <lines>
    Then it is answered <status>, and the connection is closed

    Examples:
      | lines                                                                                             | body  | status |
      | POST /v1/carts HTTP/1.1, Host: a, Content-Length: 2, Transfer-Encoding: chunked                   | {}    | 400    |
      | POST /v1/carts HTTP/1.1, Host: a, Content-Length: 2, Content-Length: 3                            | {}    | 400    |
      | POST /v1/carts HTTP/1.1, Host: a, Content-Length: +2                                              | {}    | 400    |
      | POST /v1/carts HTTP/1.1, Host: a, Content-Length: -2                                              | {}    | 400    |
      | POST /v1/carts HTTP/1.1, Host: a, Transfer-Encoding: gzip                                         | {}    | 400    |
      | GET /v1 HTTP/1.1                                                                                  |       | 400    |
      | GET /v1 HTTP/1.1, Host: a, Host: b                                                                |       | 400    |
      | GET /v1 HTTP/1.1, Host : a                                                                        |       | 400    |
      | GET /v1 HTTP/1.1, Host: a,  folded: b                                                             |       | 400    |
      | GET  /v1 HTTP/1.1, Host: a                                                                        |       | 400    |
      | GET /v1 HTTP/3.0, Host: a                                                                         |       | 505    |

  Scenario: A client that never finishes does not keep others waiting
    When 50 clients send half a request and no more
    Then the shop shows "shirt" at 19.90 EUR
    And the stock of "shirt" is 5 on hand, 0 reserved, 0 allocated, 5 available

  Scenario: A client that goes away in the middle of its checkout
    Given ann has 1 "shirt" in her cart
    When ann begins to check out with the key "k1", and goes away
    And ann checks out with the key "k1"
    Then ann has 1 order
    And ann was charged once
