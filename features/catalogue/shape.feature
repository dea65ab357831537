@views
Feature: Just what is needed, in one request
  Fields may be chosen, and what belongs to a product may come with it.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 5
    And a product "cap" at 9.90 EUR with stock 3

  Scenario: Only these fields
    When a shopper reads "shirt" with fields=slug,variants.sku
    Then its fields are slug, variants, and nothing else
    And each of its variants has sku, and nothing else

  Scenario: With its price and stock
    When a shopper reads "shirt" with embed=inventory,price
    Then 5 of "shirt" can be bought, as embedded
    And "shirt" costs 19.90 EUR, as embedded

  Scenario: A whole list with its stock
    When a shopper looks for products with embed=inventory&sort=title
    Then 3 of "cap" can be bought, as embedded
    And 5 of "shirt" can be bought, as embedded

  Scenario Outline: What is not there
    When a shopper reads "shirt" with <query>
    Then the shopper is told validation_failed

    Examples:
      | query                |
      | fields=colour        |
      | embed=friends        |
      | fields=variants.size |

  @rest
  Scenario: Nothing new
    When a shopper reads "shirt" again, unless it has changed
    Then it has not changed
    When the merchant sets the price of "shirt" to 17.90 EUR
    And a shopper reads "shirt" again, unless it has changed since
    Then it has changed
